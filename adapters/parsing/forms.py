"""The printed formats of fields (`C..60`, `N19,5`, `C14 YYYYMMDDhhmmss`): what a text must look like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

SEPARATOR: Final = "\x1f"
"""Between texts that are matched at once: no XML text can hold it."""


@dataclass(frozen=True)
class Form:
    """A field's printed format and the pattern that its text fits."""

    rule: str
    """What the text must be, as an English phrase for an error."""
    pattern: re.Pattern[str]
    """Fits the whole text, stripped of surrounding space."""
    cut_at: int = 0
    """Where the format sets no limit and a record does: as many characters are kept, with a remark; 0: none are cut."""
    is_number: bool = False
    """Whether it is a number, which XML Schema lets begin with a plus or a point and end in one."""

    def fits(self, text: str) -> bool:
        """Whether the text is of this form."""
        return self.pattern.fullmatch(text) is not None

    def mend(self, text: str) -> str | None:
        """The text written so that it fits, where only its line breaks and tabs do not; None where it cannot be."""
        # No schema that is read here forbids a line break in a name; a record's line has none.
        unbroken = text.replace("\r\n", "\n").replace("\r", "\n")
        candidates = [unbroken, " ".join(unbroken.split())]
        if self.is_number:
            number = unbroken.strip().removeprefix("+").removesuffix(".")
            sign, digits_behind = ("-", number[1:]) if number.startswith("-") else ("", number)
            candidates.append(f"{sign}0{digits_behind}" if digits_behind.startswith(".") else number)
        return next((written for written in candidates if written != text and self.fits(written)), None)


LINE_CHARS_MAX = 256
"""Fields up to this long are one line; longer ones are notes, which may have several."""


def text(longest: int) -> Form:
    """`C..n`: 1 to `longest` characters, on one line where `longest` is at most `LINE_CHARS_MAX`."""
    if longest > LINE_CHARS_MAX:
        return Form(f"1 to {longest} characters", re.compile(f"[^\r{SEPARATOR}]{{1,{longest}}}"))
    return Form(f"1 to {longest} characters on one line", re.compile(f"[^\t\n\r{SEPARATOR}]{{1,{longest}}}"))


def shortened(longest: int) -> Form:
    """A text without a limit of its own, of which a record keeps the first `longest` characters."""
    return Form(f"a text, of which {longest} characters are kept", text(longest).pattern, longest)


def exact(length: int) -> Form:
    """`Cn`: exactly `length` characters on one line."""
    return Form(f"exactly {length} characters on one line", re.compile(f"[^\t\n\r{SEPARATOR}]{{{length}}}"))


def digits(shortest: int, longest: int | None = None) -> Form:
    """Decimal digits only, `shortest` to `longest` of them."""
    longest = longest or shortest
    many = str(shortest) if longest == shortest else f"{shortest} to {longest}"
    return Form(f"{many} digits", re.compile(f"[0-9]{{{shortest},{longest}}}"))


def one_of(*values: str) -> Form:
    """One of the listed codes."""
    return Form(f"one of {', '.join(values)}", re.compile("|".join(re.escape(value) for value in values)))


_ZEROS = "0{0,20}"
"""Zeros that change nothing, bounded so that no pattern walks through a long text twice."""


def decimal(total: int = 19, scale: int = 5, *, signed: bool = False) -> Form:
    """`N19,5`: a plain decimal number, `total` digits in all, `scale` of them behind the point; no exponent, no NaN."""
    ahead = total - scale
    rule = f"a decimal number{'' if signed else ', not negative,'} with at most {ahead} digits before the point"
    pattern = rf"{'-?' if signed else ''}{_ZEROS}[0-9]{{1,{ahead}}}(?:\.[0-9]{{1,{scale}}}{_ZEROS})?"
    return Form(f"{rule} and {scale} behind it", re.compile(pattern), is_number=True)


def positive(total: int = 19, scale: int = 5) -> Form:
    """As `decimal`, and more than zero."""
    plain = decimal(total, scale)
    rule = f"a decimal number above zero with at most {total - scale} digits before the point and {scale} behind it"
    return Form(rule, re.compile(rf"(?=[0-9.]*[1-9]){plain.pattern.pattern}"), is_number=True)


def whole(longest: int, *, least: int = 0) -> Form:
    """`Nn`: a whole number of at most `longest` digits, not below `least` (0 or 1)."""
    ahead = "(?=[0-9]*[1-9])" if least else ""
    rule = f"a whole number from {least} of at most {longest} digits"
    return Form(rule, re.compile(f"{ahead}{_ZEROS}[0-9]{{1,{longest}}}"), is_number=True)


_DATE = r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]"
DATE: Final = Form("a date YYYYMMDD", re.compile(_DATE))
"""`C8`."""
STAMP: Final = Form("a time YYYYMMDDhhmmss", re.compile(_DATE + _CLOCK))
"""`C14`."""
STAMP_MS: Final = Form("a time YYYYMMDDhhmmssSSS", re.compile(_DATE + _CLOCK + "[0-9]{3}"))
"""`C17`."""
