"""The single window's envelope: what it says about a message that it hands over, beside the native bytes.

JSON form (the same over HTTP and as `FILE.envelope.json` beside a file)::

    {"id": "SW-...", "kind": "CEB621", "sender": "<USCC>", "sent_at": "2026-03-02T01:00:00Z", "ucrs": {"0": ["6CN..."]}}

`kind` is a label for people; readers recognise a message by looking at its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from chain.encoding import parse_json
from chain.errors import Malformed
from chain.identifiers import Ucr

MESSAGE_ID_CHARS_MAX = 128
KIND_CHARS_MAX = 64
UCRS_PER_ENTITY_MAX = 200
ENTITIES_MAX = 10_000
ENVELOPE_BYTES_MAX = 1_000_000

_MEMBERS = frozenset({"id", "kind", "sender", "sent_at", "ucrs"})
_REQUIRED = frozenset({"id", "kind", "sender", "sent_at"})
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:-]*")
_USCC = re.compile(r"[0-9A-Z]{18}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


class MalformedEnvelope(Malformed):
    """The envelope is not what the single window promises: names the member and the rule."""


@dataclass(frozen=True)
class Envelope:
    """One message's envelope, checked."""

    id: str
    """The single window's own name of the message; unique for a sender."""
    kind: str
    """The single window's label of the native format, such as `CEB621`; not trusted."""
    sender: str
    """USCC of the member whose words the message holds."""
    sent_at: str
    """When it was lodged, `YYYY-MM-DDTHH:MM:SSZ`."""
    ucrs: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Ordinal of the entity in the message, from 0, to the UCRs that it speaks of, where the single window knows
    them."""

    @property
    def sent_on(self) -> date | None:
        """The day of sending; None where `sent_at` has the form of a time and is none."""
        try:
            return date.fromisoformat(self.sent_at[:10])
        except ValueError:
            return None

    @classmethod
    def parse(cls, value: object) -> Envelope:
        """The envelope in a decoded JSON value; raises `MalformedEnvelope`."""
        if not isinstance(value, dict):
            raise MalformedEnvelope("envelope", "must be a JSON object")
        unknown = sorted(set(value) - _MEMBERS)
        if unknown:
            raise MalformedEnvelope(str(unknown[0]), "is not a member of an envelope")
        missing = sorted(_REQUIRED - set(value))
        if missing:
            raise MalformedEnvelope(missing[0], "is missing")
        return cls(
            id=_text(value, "id", _ID, MESSAGE_ID_CHARS_MAX),
            kind=_text(value, "kind", None, KIND_CHARS_MAX),
            sender=_text(value, "sender", _USCC, 18),
            sent_at=_text(value, "sent_at", _TIME, 20),
            ucrs=_ucrs(value.get("ucrs", {})),
        )

    @classmethod
    def parse_bytes(cls, body: bytes) -> Envelope:
        """The envelope in a JSON file; raises `MalformedEnvelope`."""
        if len(body) > ENVELOPE_BYTES_MAX:
            raise MalformedEnvelope("envelope", f"is longer than {ENVELOPE_BYTES_MAX} bytes", value=len(body))
        try:
            value = parse_json(body)
        except ValueError as error:
            raise MalformedEnvelope("envelope", f"is strict JSON in UTF-8: {error}") from error
        return cls.parse(value)

    def format(self) -> dict[str, object]:
        """The JSON form; `parse` of it is this envelope again."""
        return {
            "id": self.id,
            "kind": self.kind,
            "sender": self.sender,
            "sent_at": self.sent_at,
            "ucrs": {str(ordinal): list(ucrs) for ordinal, ucrs in sorted(self.ucrs.items())},
        }


def _text(value: Mapping[str, object], name: str, pattern: re.Pattern[str] | None, chars_max: int) -> str:
    found = value[name]
    if not isinstance(found, str) or not found or len(found) > chars_max:
        raise MalformedEnvelope(name, f"must be a text of 1 to {chars_max} characters", value=found)
    if pattern is not None and not pattern.fullmatch(found):
        raise MalformedEnvelope(name, f"must match {pattern.pattern}", value=found)
    return found


def _ucrs(value: object) -> dict[int, tuple[str, ...]]:
    if not isinstance(value, dict) or len(value) > ENTITIES_MAX:
        raise MalformedEnvelope("ucrs", f"must be an object of at most {ENTITIES_MAX} ordinals")
    found: dict[int, tuple[str, ...]] = {}
    for ordinal, ucrs in value.items():
        if not re.fullmatch(r"0|[1-9]\d{0,4}", ordinal):
            raise MalformedEnvelope("ucrs", "an ordinal is a number from 0", value=ordinal)
        if not isinstance(ucrs, list) or not 1 <= len(ucrs) <= UCRS_PER_ENTITY_MAX:
            raise MalformedEnvelope(f"ucrs.{ordinal}", f"must be a list of 1 to {UCRS_PER_ENTITY_MAX} UCRs")
        for ucr in ucrs:
            if not Ucr.has_form(ucr):
                raise MalformedEnvelope(f"ucrs.{ordinal}", f"holds UCRs: {Ucr.RULE}", value=ucr)
        found[int(ordinal)] = tuple(ucrs)
    return found
