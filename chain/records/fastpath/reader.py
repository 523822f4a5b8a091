"""A faster way to read signed records, for those who read thousands a second, as strict in the end.

A record that is written as ours are, with all its disclosures in the order of its claims, is read at once: everything
is decoded in one call, the claims that the computed digests make are written out and compared with the payload, and
each section's text is matched: all together or one by one by forms that were learned before (`forms.py`), else by the
grammar of its model (`grammar.py`). So it is known to be good before any of it is an object. Whatever is not matched is
read step by step, by the rules of `chain.sdjwt` and of the models themselves, which also name the fault.

Step by step too, orjson reads JSON, five times as fast as the standard library but letting doubled names, fractions and
large integers pass. A text that orjson writes again byte for byte has no doubled names and no needless escapes; every
other text goes the strict way. Fractions, large integers and depth are for the models, which have no place for them.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import Any, Final

import orjson
from pydantic import ValidationError
from pydantic_core import SchemaValidator, core_schema

from chain.claims import CLAIMS, Claims, check_claims, read_written_claims
from chain.disclosures import DISCLOSURE_CHARS_MAX, Disclosures
from chain.encoding import Json
from chain.errors import Malformed
from chain.identifiers import KNOWN_MAX, Identifier
from chain.jws import HEADER_CHARS_MAX, JWS_CHARS_MAX, JwsSignature, parse_header
from chain.keys import SIGNATURE_BYTES, KeyAlgorithm
from chain.records import get_record_type
from chain.records.fastpath.grammar import STRING_BYTES_MAX, Grammar, grammars, required_sections
from chain.records.fastpath.shape_cache import FORM_CHARS_MAX, NO_FORM, Form, form_of, joined_form
from chain.sdjwt import MANY_ELEMENTS, RECORD_CHARS_MAX, RECORD_TYP, SignedRecord, signed_record

SHAPES_MAX: Final = 1_024
"""How many ways in which records divide into sections are remembered; an issuer has one for each number of lines."""
SHAPE_BYTES_MAX: Final = 4_096
"""Longest of them, so that strangers cannot fill the memory: a declaration of 999 lines."""
FORMS_MAX: Final = 8
"""How many forms of a section's elements are remembered, those that came last."""
LEARNED_EVERY: Final = 512
"""Of so many elements without a form one has its form learned (of the first ones more), since that takes some two
milliseconds: a stranger who sends ever new forms makes us spend a few microseconds on each."""

ONCE_EACH: Final = frozenset({"ucr", "names"})
"""The sections in which no value stands twice."""
WHOLE_AFTER: Final = 256
"""After so many records with the same sections their forms are joined: that takes some ten milliseconds and saves some
six microseconds a record."""
WHOLES_MAX: Final = 64
"""How many joined forms are remembered."""
WHOLE_CHARS_MAX: Final = 16_384
"""Longest of them."""


def read_texts(texts: Sequence[bytes]) -> list[Json] | None:
    """As `chain.encoding.parse_written_texts`; may hold floats: only for what a record model then checks."""
    try:
        values: list[Json] = [orjson.loads(text) for text in texts]
        # orjson bounds depth itself: what nests deeper than it writes goes the strict way, which refuses it.
        return values if orjson.dumps(values) == b"[" + b",".join(texts) + b"]" else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def parse_signed(body: str | bytes) -> SignedRecord:
    """As `SignedRecord.parse`, faster; what it takes is a record only once `parse_record` has taken it too."""
    found = _read_at_once(body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass"))
    return SignedRecord.parse(body, read_texts=read_texts) if found is None else found


def _read_at_once(body: bytes) -> SignedRecord | None:
    """The record, fully disclosed and fit for its model; None where that is not certain, be it right or wrong."""
    if len(body) > RECORD_CHARS_MAX or b'"' in body or b"\\" in body or b"=" in body or b"+" in body or b"/" in body:
        return None
    jwt, *encoded = body.split(b"~")
    signed, _, signature = jwt.rpartition(b".")
    header, _, payload = signed.partition(b".")
    if not payload or not encoded or encoded.pop() or len(jwt) > JWS_CHARS_MAX or len(header) > HEADER_CHARS_MAX:
        return None
    if len(body) > DISCLOSURE_CHARS_MAX and max(map(len, encoded), default=0) > DISCLOSURE_CHARS_MAX:
        return None
    try:
        # A third dot is no character of base64url. Empty is the text before the end, so that all are joined once.
        payload, raw, *texts, _ = _decode(b'","'.join([b'["' + payload, signature, *encoded, b'"]']))
        if len(texts) != len(encoded) or len(raw) != SIGNATURE_BYTES:
            return None
        digests = tuple([sha256(one).digest() for one in encoded])
        claims, plan = _open(payload, digests)
        if plan is None or not plan.takes(texts):
            return None
        sections = {name: digests[places] for name, places in plan.places}
        held = Disclosures.unread(encoded, texts, digests, orjson.loads)
        made = JwsSignature(*_signer(header), signed, raw)
        return signed_record(jwt.decode("ascii"), claims, made, sections, held, fits_model=True)
    except (ValidationError, Malformed, ValueError, KeyError, TypeError):
        return None  # read step by step, it is refused by name


@lru_cache(maxsize=4_096)
def _signer(header: bytes) -> tuple[str, KeyAlgorithm]:
    """The thumbprint and the algorithm in the header of a record."""
    said, algorithm = parse_header(header.decode("ascii"), RECORD_TYP)
    return str(said["kid"]), algorithm


_decode: Final[Callable[[bytes], Any]] = SchemaValidator(
    core_schema.list_schema(core_schema.bytes_schema(strict=True)), core_schema.CoreConfig(val_json_bytes="base64")
).validate_json
"""The bytes behind each base64url text of a JSON array. It refuses stray bits as we do, but takes padding and the other
alphabet, which are looked for before."""


def _open(payload: bytes, digests: tuple[bytes, ...]) -> tuple[Claims, _Plan | None]:
    """The claims that are no sections, and what sections there are; None where not just these digests are claimed."""
    end = payload.rfind(b',"', 0, payload.find(_FIRST_ELEMENT))
    claims = read_written_claims(payload[:end]) or _claims(payload[:end] + b"}")
    key = (claims.vct, len(payload) - end, len(digests))
    plan = _plans.get(key)
    # All in one: a byte of zero behind each digest makes an A behind its 43 characters.
    written = b2a_base64(b"%b\x00" % b"\x00".join(digests), newline=False).translate(_TO_URL)
    if plan is None or not payload.endswith(plan.payload(written)):
        shape = _shape(payload[end:])
        plan = (_plan if len(shape) <= SHAPE_BYTES_MAX else _plan.__wrapped__)(claims.vct, shape)
        if plan is None or plan.disclosures != len(digests) or not payload.endswith(plan.payload(written)):
            return claims, None
        if len(shape) <= SHAPE_BYTES_MAX:
            if len(_plans) == SHAPES_MAX:
                _plans.clear()
            _plans[key] = plan
    return claims, plan if len(set(digests)) == len(digests) else None


_FIRST_ELEMENT: Final = b'":[{"...":"'
"""What stands behind the name of the first section."""
_ELEMENT: Final = b'{"...":"'
"""What stands before the digest of an element of a section."""
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")


def _claims(text: bytes) -> Claims:
    """The claims in an object that has no others, in whatever order."""
    said = orjson.loads(text)
    if orjson.dumps(said) != text or not said.keys() <= CLAIMS:
        raise ValueError("not as we write it")
    return check_claims(said)


class _Gate:
    """Tells whether elements of one section certainly fit the model."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        schema = core_schema.str_schema(pattern=rf"\A{grammar.pattern}\z", regex_engine="rust-regex")
        self._matches = SchemaValidator(schema).isinstance_python
        self._checked = [(at, _check(kind)) for at, kind in grammar.checked.items()]
        self._forms: tuple[Form, ...] = ()
        self._unknown = 0
        self.form = NO_FORM
        """The form that the last element had."""

    def takes(self, element: str) -> bool:
        """Whether the element certainly fits."""
        for form in self._forms:
            if form.takes(element):
                self.form = form
                self._forms = (form, *[other for other in self._forms if other is not form])
                return True
        if not self._fits(element.encode()):
            return False
        # What comes often is soon learned; where forms change all the time, few are worth what learning one costs.
        self._unknown += 1
        is_due = self._unknown & (self._unknown - 1) == 0 or self._unknown % LEARNED_EVERY == 0
        if is_due and len(element) <= FORM_CHARS_MAX:
            form = form_of(self._grammar, orjson.loads(element)[1], _check)
            self.form = form
            self._forms = (form, *self._forms[: FORMS_MAX - 1])
        return True

    def _fits(self, text: bytes) -> bool:
        """Whether the element matches the whole grammar."""
        said = text
        if self._grammar.commas:
            if b"{," in text:
                return False
            said = text.replace(b'{"', b'{,"')
        if not self._matches(said) or not _has_short_strings(text):
            return False
        for at, check in self._checked:
            if at in text and not all(check(one.partition(b'"')[0].decode()) for one in text.split(at)[1:]):
                return False
        return True


class _Plan:
    """How records of one type with the same sections are matched."""

    def __init__(self, parts: tuple[tuple[str, int, int, _Gate], ...], template: bytes) -> None:
        self.parts = parts
        """Name of each section, the places of its disclosures among all, and its gate."""
        self.places = tuple([(name, slice(start, end)) for name, start, end, _ in parts])
        """The same without the gates."""
        self.disclosures = parts[-1][2]
        """How many there are."""
        self._template = template
        """The payload from its first section on, `%b` for each digest."""
        self._divide = Struct("43sx" * self.disclosures).unpack
        """Takes apart digests that are written together, 44 characters each, of which the last is none of it."""
        self.whole = NO_FORM
        """What all sections together look like most often."""
        self._by_whole = self._by_parts = 0

    def payload(self, digests: bytes) -> bytes:
        """What the payload holds behind its other claims if it claims these digests."""
        return self._template % self._divide(digests)

    def takes(self, texts: Sequence[bytes]) -> bool:
        """Whether the texts, in the order of the sections, certainly are those of a record of the type."""
        if self.whole is not NO_FORM and self.whole.takes((b"\n".join(texts) + b"\n").decode()):
            self._by_whole += 1
            return True
        elements = [text.decode() for text in texts]
        for part in self.parts:
            if not self._part_fits(part, elements):
                return False
        self._by_parts += 1
        if self._by_parts == WHOLE_AFTER:
            self._learn(elements)
        return True

    @staticmethod
    def _part_fits(part: tuple[str, int, int, _Gate], elements: Sequence[str]) -> bool:
        name, start, end, gate = part
        # Nearly all have the form of the one before, so that few steps are made to see it.
        form = gate.form
        if end - start == 1:
            found = form.matches(elements[start])
            if found is not None and (not form.checks or form.has_right(found)):
                return True
        elif name not in ONCE_EACH and not form.checks and all(map(form.matches, elements[start:end])):
            return True
        if not all(map(gate.takes, elements[start:end])):
            return False
        return name not in ONCE_EACH or len({one.split('"')[3] for one in elements[start:end]}) == end - start

    def _learn(self, elements: Sequence[str]) -> None:
        """Joins the forms of these elements, unless what was joined before took fewer records than it did not."""
        paid = self.whole is NO_FORM or self._by_whole >= self._by_parts
        self._by_whole = self._by_parts = 0
        self.whole = NO_FORM
        _with_whole.discard(self)
        forms = [(gate.form, end - start) for _, start, end, gate in self.parts]
        if (
            not paid
            or any(count > 1 and form.checks for form, count in forms)
            or any(name in ONCE_EACH and end - start > 1 for name, start, end, _ in self.parts)
            or sum(len(form.pattern) for form, _ in forms) > WHOLE_CHARS_MAX
            or not all(all(map(gate.form.takes, elements[start:end])) for _, start, end, gate in self.parts)
        ):
            return
        if len(_with_whole) == WHOLES_MAX:
            _with_whole.pop().whole = NO_FORM
        _with_whole.add(self)
        self.whole = joined_form(forms)


_with_whole: Final[set[_Plan]] = set()
"""Those that have a form of the whole."""
_plans: Final[dict[tuple[str, int, int], _Plan]] = {}
"""The plan that was last right for a type, a length and a number of digests."""


def _shape(sections: bytes) -> bytes:
    """What a payload holds behind its other claims, each element up to the end of its digest written as `?`."""
    name, *elements = sections.split(_ELEMENT)
    return b"?".join([name, *[element[43:] for element in elements]])


@lru_cache(maxsize=SHAPES_MAX)
def _plan(vct: str, shape: bytes) -> _Plan | None:
    """How records of that type and shape are matched; None where it is anything but sections, or has one that has no
    grammar."""
    text = b"{" + shape[1:].replace(b"?", _ELEMENT + b"A" * 43)
    said = orjson.loads(text)
    gates, required = _gates(vct)
    if shape[:1] != b"," or orjson.dumps(said) != text or not required <= said.keys() <= gates.keys():
        return None
    parts, start = [], 0
    for name, elements in said.items():
        if type(elements) is not list or not 1 <= len(elements) <= MANY_ELEMENTS.get(name, 1):
            return None
        if any(element != {"...": "A" * 43} for element in elements):
            return None
        parts.append((name, start, start + len(elements), gates[name]))
        start += len(elements)
    # No name of a section holds a percent sign.
    return _Plan(tuple(parts), shape.replace(b"?", _ELEMENT + b"%b"))


@lru_cache(maxsize=64)
def _gates(vct: str) -> tuple[dict[str, _Gate], frozenset[str]]:
    """The gates of a record type's sections that have a grammar, and the sections that it must have."""
    record_type = get_record_type(vct)
    return {name: _Gate(grammar) for name, grammar in grammars(record_type).items()}, required_sections(record_type)


def _has_short_strings(text: bytes) -> bool:
    """Whether no string has more than `STRING_BYTES_MAX` bytes, by leaps from quote to quote."""
    at, end = 0, len(text) - STRING_BYTES_MAX - 1
    while at < end:
        at = text.rfind(b'"', at + 1, at + STRING_BYTES_MAX + 2)
        if at < 0:
            return False
    return True


@lru_cache(maxsize=64)
def _check(kind: type[Identifier]) -> Callable[[str], bool]:
    """Whether a text is an identifier in its canonical spelling; the same companies come again and again."""

    @lru_cache(maxsize=KNOWN_MAX)
    def is_canonical(text: str) -> bool:
        return kind.is_valid(text) and kind.parse(text) == text

    return is_canonical
