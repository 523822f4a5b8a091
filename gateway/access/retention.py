"""The retention policy: which sections are kept how long, for what, and from when on; one readable file.

Its SHA-256 stands in the registry as policy `retention`. A member applies it to its own records by a command, which
signs an `audit.erasure` that names the hash; nothing goes by itself. Pure but for `RetentionPolicy.load`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from chain.encoding import Json, parse_json_object
from chain.erasures import KEPT_SECTIONS, KEPT_TYPES
from chain.errors import Malformed
from chain.records import RECORD_TYPES

RETENTION_FORMAT = "tongguan-retention-policy/1"
RETENTION_POLICY_FILE = Path(__file__).with_name("retention-policy.json")
"""An example for members to change and vote for."""
POLICY_BYTES_MAX = 262_144
PERIODS_MAX = 200
DAYS_MAX = 36_525
DAY_S = 86_400
_MEMBERS = frozenset({"types", "sections", "days", "after", "purpose", "purpose_zh"})


class MalformedRetention(Malformed):
    """A retention policy file that breaks its format."""


class RetentionEvent(StrEnum):
    """From when on a period runs."""

    ANCHORED = "anchored"
    """When the record stood on the chain."""
    LAST_RECORD = "last-record"
    """When the newest record of its consignments did."""


@dataclass(frozen=True)
class Period:
    """How long some sections are kept."""

    types: str
    """A record type, or `family.*`."""
    sections: frozenset[str]
    days: int
    after: RetentionEvent
    purpose: str
    purpose_zh: str

    def covers(self, record_type: str) -> bool:
        """Whether it is about records of this type."""
        return record_type == self.types or (self.types.endswith("*") and record_type.startswith(self.types[:-1]))

    def is_over(self, event_s: int, now_s: float) -> bool:
        """Whether the period ended, counted from the event in Unix seconds."""
        return now_s >= event_s + self.days * DAY_S


@dataclass(frozen=True)
class RetentionPolicy:
    """The policy in a file. Make one with `parse` or `load`."""

    periods: tuple[Period, ...]
    governors_erase: frozenset[str]
    digest: bytes
    """SHA-256 of the file's bytes: what stands on the chain."""

    @classmethod
    def load(cls, file: Path) -> RetentionPolicy:
        """The policy in the file; raises MalformedRetention, OSError."""
        return cls.parse(file.read_bytes())

    @classmethod
    def parse(cls, content: bytes) -> RetentionPolicy:
        """The policy in a file's bytes; raises MalformedRetention naming the member and the rule."""
        if len(content) > POLICY_BYTES_MAX:
            raise MalformedRetention("retention policy", f"has at most {POLICY_BYTES_MAX} bytes", value=len(content))
        try:
            members = parse_json_object(content)
        except ValueError as error:
            raise MalformedRetention("retention policy", str(error)) from None
        if strange := members.keys() - {"format", "about", "periods", "governors_erase"}:
            raise MalformedRetention(min(strange), "is no member of a retention policy")
        if members.get("format") != RETENTION_FORMAT:
            raise MalformedRetention("format", f"is {RETENTION_FORMAT}", value=members.get("format"))
        listed = members.get("periods")
        if not isinstance(listed, list) or len(listed) > PERIODS_MAX:
            raise MalformedRetention("periods", f"is a list of at most {PERIODS_MAX}")
        periods = tuple(_period(f"periods.{place}", value) for place, value in enumerate(listed))
        erasable = _sections("governors_erase", members.get("governors_erase"), RECORD_TYPES)
        return cls(periods, erasable, sha256(content).digest())

    def periods_of(self, record_type: str) -> tuple[Period, ...]:
        """The periods for records of a type, in the file's order."""
        return () if record_type in KEPT_TYPES else tuple(one for one in self.periods if one.covers(record_type))


def _period(at: str, value: Json) -> Period:
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        raise MalformedRetention(at, f"has the members {', '.join(sorted(_MEMBERS))}")
    types, days, after = value["types"], value["days"], value["after"]
    names = [name for name in RECORD_TYPES if isinstance(types, str) and _matches(types, name)]
    if not isinstance(types, str) or not names:
        raise MalformedRetention(f"{at}.types", "is a record type, or a family with .*", value=types)
    if type(days) is not int or not 0 <= days <= DAYS_MAX:
        raise MalformedRetention(f"{at}.days", f"is a number of days, 0 to {DAYS_MAX}", value=days)
    if after not in set(RetentionEvent):
        raise MalformedRetention(f"{at}.after", f"is one of {', '.join(RetentionEvent)}", value=after)
    purpose, purpose_zh = value["purpose"], value["purpose_zh"]
    if not isinstance(purpose, str) or not isinstance(purpose_zh, str) or not purpose or not purpose_zh:
        raise MalformedRetention(f"{at}.purpose", "is a sentence, in English and as purpose_zh in Chinese")
    sections = _sections(f"{at}.sections", value["sections"], names)
    return Period(types, sections, days, RetentionEvent(str(after)), purpose, purpose_zh)


def _sections(at: str, value: Json, types: Iterable[str]) -> frozenset[str]:
    """Names of sections of these types that something may erase."""
    known = {name for record_type in types for name in RECORD_TYPES[record_type].model_fields} - KEPT_SECTIONS
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise MalformedRetention(at, "is a list of section names")
    names = frozenset(map(str, value))
    if strange := names - known:
        raise MalformedRetention(at, f"has members among {', '.join(sorted(known))}", value=min(strange))
    return names


def _matches(pattern: str, record_type: str) -> bool:
    return record_type == pattern or (pattern.endswith(".*") and record_type.startswith(pattern[:-1]))
