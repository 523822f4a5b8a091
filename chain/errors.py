"""The error family: an error is a noun of the field with its facts, grouped by who is at fault.

```
TongguanError
├── Malformed            the sender's fault: what was said breaks a format rule; names field, rule and fix
│   └── MalformedIdentifier  MalformedRecord  MalformedMessage  MalformedBundle  MalformedTrustRoot, and each room's own
├── Refused              the sender's fault: well formed, but not permitted or not possible now
├── NotFound             the asker's fault: nothing of that name is known
├── LedgerFault          the chain's or its endpoint's fault: unreachable, lagging, lying, reverted
└── StoreFault           our own store's fault: damaged, foreign, full, locked
```

Every error prints as one English sentence. `code` is the Chinese gateway code of GACC's 7-1 table (2022-05), or one of
ours from the user-extensible range 4000 to 9999.
"""

from __future__ import annotations


class TongguanError(Exception):
    """Any error that this project raises on purpose."""


class Malformed(TongguanError):
    """What was said breaks a rule of its format: names the field, the rule, the value (shortened) and the fix."""

    default_code = "0001"

    def __init__(self, field: str, rule: str, *, value: object = None, fix: str = "", code: str | None = None) -> None:
        # Both may quote the sender's own words, an element's name for one: they must not steer a terminal.
        self.field = shortened(field, FIELD_CHARS_MAX)
        self.rule = shortened(rule, RULE_CHARS_MAX)
        self.value = None if value is None else shortened(value)
        self.fix = fix
        self.code = code or self.default_code
        said = "" if self.value is None else f" (got {self.value})"
        super().__init__(f"{self.field}: {self.rule}{said}{'. ' + fix if fix else ''}")


class MalformedIdentifier(Malformed):
    """A reference (UCR, USCC, container number, ...) breaks its layout or its check digit."""

    default_code = "0002"


class MalformedRecord(Malformed):
    """Not an SD-JWT record as design section 4 defines it."""

    default_code = "0002"


class MalformedMessage(Malformed):
    """A native message that does not parse or lacks what its record type needs; `faults` holds all that were found."""

    def __init__(
        self,
        field: str,
        rule: str,
        *,
        value: object = None,
        fix: str = "",
        code: str | None = None,
        faults: tuple[Malformed, ...] = (),
    ) -> None:
        super().__init__(field, rule, value=value, fix=fix, code=code)
        self.faults: tuple[Malformed, ...] = faults or (self,)


class MalformedBundle(Malformed):
    """Not a proof bundle in its one canonical form."""


class MalformedTrustRoot(Malformed):
    """Not a trust root file."""


class Refused(TongguanError):
    """Well formed, but not permitted or not possible now. `code` as in `Malformed`."""

    default_code = "4002"

    def __init__(self, reason: str, *, field: str = "", fix: str = "", code: str | None = None) -> None:
        self.reason = reason
        self.field = field
        self.fix = fix
        self.code = code or self.default_code
        super().__init__(f"{reason}{'. ' + fix if fix else ''}")


class NotFound(TongguanError):
    """Nothing of that name is known here."""

    def __init__(self, kind: str, name: object) -> None:
        self.kind = kind
        self.name = str(name)
        super().__init__(f"no {kind} {shortened(name)} is known here")


class LedgerFault(TongguanError):
    """The chain or its endpoint did not do what it should."""


class StoreFault(TongguanError):
    """Our own store is damaged, foreign, full or locked."""


SHOWN_CHARS_MAX = 80
"""Of a value that is quoted."""
FIELD_CHARS_MAX = 240
"""Of a field's place in a message."""
RULE_CHARS_MAX = 4_000
"""Of a rule, which may list ten faults."""


def shortened(value: object, chars_max: int = SHOWN_CHARS_MAX) -> str:
    """The value as text, cut to `chars_max` characters, control and bidirectional marks made visible."""
    text = value if isinstance(value, str) else repr(value)
    if len(text) > chars_max:
        text = text[: chars_max - 1] + "…"
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
