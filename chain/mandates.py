"""Mandates (代理报关委托): which broker may act for whom, as two records of one text say it.

One side *offers* a mandate, the other *confirms* it: two `trade.mandate` records with the same terms, of which the
confirmation names the offer. Either side ends it by amending or withdrawing its own record. As every fact, a mandate is
*in force for block N* where both records were anchored in blocks before N and neither was replaced in one; and on the
days of its period, in Beijing, by the time of the block.

Pure, without clock or store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from chain.sdjwt import SignedRecord

MANDATE_TYPE: Final = "trade.mandate"
MANDATE_SECTION: Final = "mandate"
"""The section with the terms; like `names` it is shown with every consignment."""
DECLARING_TYPES: Final = frozenset({"customs.declaration", "customs.request"})
"""Types that a broker says for the company whose UCR it is."""
OFFICES_MAX: Final = 64
GOODS_MAX: Final = 64
"""Most customs offices and most beginnings of HS codes in one mandate."""

_USCC: Final = re.compile(r"[0-9A-Z]{18}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OFFICE: Final = re.compile(r"[0-9]{4}")
_GOODS: Final = re.compile(r"[0-9]{2,10}")
_RECORD_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_BEIJING: Final = timedelta(hours=8)
_TIME_MAX: Final = 2**37
"""Later times (Unix seconds) have no day: the year has five digits."""


@dataclass(frozen=True)
class MandateTerms:
    """What both sides must say alike."""

    principal: str
    """USCC of the company that is acted for (委托方)."""
    agent: str
    """USCC of the broker (被委托方)."""
    starts: str
    ends: str
    """First and last day, YYYY-MM-DD, in Beijing."""
    offices: tuple[str, ...] = ()
    """Customs offices, 4 digits each; empty: all."""
    goods: tuple[str, ...] = ()
    """Beginnings of HS codes, 2 to 10 digits each; empty: all goods."""

    def covers_day(self, day: str) -> bool:
        """Whether the day, YYYY-MM-DD, is in its period."""
        return self.starts <= day <= self.ends

    def covers_office(self, office: str) -> bool:
        """Whether declarations at this office are in its scope; an unknown one (empty) is not asked about."""
        return not office or not self.offices or office in self.offices

    def covers_goods(self, hs: str) -> bool:
        """Whether goods of this HS code are in its scope; unknown ones (empty) are not asked about."""
        return not hs or not self.goods or hs.startswith(self.goods)


@dataclass(frozen=True)
class MandateText:
    """What one `trade.mandate` record says."""

    terms: MandateTerms
    offer: str | None
    """Id of the offer that it confirms; None where it is the offer."""


class MandateStatement(Protocol):
    """A record as mandates look at it; `chain.standing.StandingRecord` is one."""

    @property
    def record_id(self) -> str: ...
    @property
    def issuer(self) -> str: ...
    @property
    def record_type(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def block(self) -> int:
        """The block that anchored it; 0 where none has yet."""
        ...

    @property
    def mandate(self) -> MandateText | None: ...
    @property
    def replaces(self) -> str | None:
        """The record that it amends or withdraws."""
        ...

    @property
    def withdraws(self) -> bool: ...


@dataclass(frozen=True)
class Mandate:
    """A mandate that both sides said."""

    terms: MandateTerms
    offer: str
    confirmation: str
    """The records of the two sides."""
    since_block: int
    """The later of the blocks that anchored them: it is in force for later blocks."""
    ended_block: int | None
    """The block that anchored the first record that replaces one of the two; None while both stand."""
    ended_by: str | None = None
    """USCC of the side that ended it."""

    def is_in_force(self, block: int, day: str) -> bool:
        """Whether it holds for a record anchored in this block (0: in a block to come) on this day in Beijing."""
        is_begun = self.since_block > 0 and (not block or self.since_block < block)
        is_ended = self.ended_block is not None and (not block or self.ended_block < block)
        return is_begun and not is_ended and self.terms.covers_day(day)


def read_mandate(value: object) -> MandateText | None:
    """What a `mandate` section says; None where it has not the form, since anybody may anchor anything."""
    if not isinstance(value, Mapping):
        return None
    principal, agent = _match(_USCC, value.get("principal")), _match(_USCC, value.get("agent"))
    starts, ends = _match(_DAY, value.get("starts")), _match(_DAY, value.get("ends"))
    offices = _listed(_OFFICE, value.get("offices"), OFFICES_MAX)
    goods = _listed(_GOODS, value.get("goods"), GOODS_MAX)
    offer = value.get("offer")
    if principal is None or agent is None or starts is None or ends is None or offices is None or goods is None:
        return None
    if offer is not None and _match(_RECORD_ID, offer) is None:
        return None
    return MandateText(MandateTerms(principal, agent, starts, ends, offices, goods), offer)


def mandate_of(signed: SignedRecord) -> MandateText | None:
    """What a record says as one side of a mandate; None where it is none, or withholds it."""
    if signed.vct != MANDATE_TYPE:
        return None
    return next((read_mandate(value) for value in signed.section(MANDATE_SECTION)), None)


def find_mandates(principal: str, statements: Iterable[MandateStatement]) -> tuple[Mandate, ...]:
    """The mandates of a company among these records, which nothing else speaks against; by ids of both sides.

    The principal's record must name the agent in `names`: by that the agent belongs to the consignment.
    """
    listed = list(statements)
    replaced_in: dict[tuple[str, str], int] = {}
    for record in listed:
        if record.replaces is not None and record.block and record.record_type == MANDATE_TYPE:
            key = record.issuer, record.replaces
            replaced_in[key] = min(replaced_in.get(key, record.block), record.block)
    sides = {r.record_id: r for r in listed if r.mandate is not None and not r.withdraws}
    mandates = []
    for confirmation in sides.values():
        text = confirmation.mandate
        offer = sides.get(text.offer or "") if text is not None else None
        if text is not None and offer is not None and _is_pair(principal, offer, confirmation):
            mandates.append(_mandate(text.terms, offer, confirmation, replaced_in))
    return tuple(sorted(mandates, key=lambda mandate: (mandate.offer, mandate.confirmation)))


def _is_pair(principal: str, offer: MandateStatement, confirmation: MandateStatement) -> bool:
    said, answer = offer.mandate, confirmation.mandate
    if said is None or answer is None or said.offer is not None or said.terms != answer.terms:
        return False
    if said.terms.principal == said.terms.agent:
        return False
    sides = {offer.issuer: offer, confirmation.issuer: confirmation}
    if said.terms.principal != principal or sides.keys() != {principal, said.terms.agent}:
        return False
    return said.terms.agent in sides[principal].names


def _mandate(
    terms: MandateTerms,
    offer: MandateStatement,
    confirmation: MandateStatement,
    replaced_in: Mapping[tuple[str, str], int],
) -> Mandate:
    both = (offer, confirmation)
    ends = [
        (block, side.issuer) for side in both if (block := replaced_in.get((side.issuer, side.record_id))) is not None
    ]
    ended_block, ended_by = min(ends, default=(None, None))
    since = max(offer.block, confirmation.block) if all(side.block for side in both) else 0
    return Mandate(terms, offer.record_id, confirmation.record_id, since, ended_block, ended_by)


def beijing_day(time_s: int) -> str:
    """The day in Beijing, YYYY-MM-DD, of Unix seconds; empty beyond the calendar."""
    if not 0 <= time_s < _TIME_MAX:
        return ""
    return (datetime.fromtimestamp(time_s, UTC) + _BEIJING).date().isoformat()


def _match(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _listed(pattern: re.Pattern[str], value: object, most: int) -> tuple[str, ...] | None:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > most:
        return None
    texts = [text for item in value if (text := _match(pattern, item)) is not None]
    return tuple(texts) if len(texts) == len(value) else None
