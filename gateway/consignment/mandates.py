"""The owner's mandates (代理报关委托) in a view, and which declarations had none. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from chain.mandates import DECLARING_TYPES, Mandate, beijing_day
from chain.standing import Standing
from gateway.access.records import HeldRecord
from gateway.runtime.answer import Answer


class MandateLine(Answer, frozen=True, kw_only=True):
    """A mandate of the owner's for this consignment, said by both sides alike."""

    agent: str
    """USCC of the broker."""
    offer: str
    confirmation: str
    """The records of the two sides."""
    starts: str
    ends: str
    """First and last day, in Beijing."""
    offices: list[str]
    """Customs offices at which it holds; empty: all."""
    goods: list[str]
    """Beginnings of the HS codes for which it holds; empty: all goods."""
    since_block: int | None
    """In force for later blocks; null until both sides are anchored."""
    ended_block: int | None
    """The block with which one side ended it; null while it stands."""
    ended_by: str | None


def mandate_lines(standing: Standing, shown: Sequence[HeldRecord]) -> list[MandateLine]:
    """The owner's mandates whose two sides the reader sees."""
    seen = {record.signed.record_id for record in shown}
    return [
        MandateLine(
            agent=mandate.terms.agent,
            offer=mandate.offer,
            confirmation=mandate.confirmation,
            starts=mandate.terms.starts,
            ends=mandate.terms.ends,
            offices=[*mandate.terms.offices],
            goods=[*mandate.terms.goods],
            since_block=mandate.since_block or None,
            ended_block=mandate.ended_block,
            ended_by=mandate.ended_by,
        )
        for mandate in standing.mandates
        if {mandate.offer, mandate.confirmation} <= seen
    ]


def find_unmandated(standing: Standing, shown: Sequence[HeldRecord]) -> list[str]:
    """Declarations and requests for the owner by another that no mandate of it covered for the record's block.

    Office and goods are looked at as far as the reader sees them.
    """
    if standing.owner is None:
        return []
    return [
        record.signed.record_id
        for record in shown
        if record.signed.vct in DECLARING_TYPES
        and record.signed.iss != standing.owner
        and not any(_is_in_force(mandate, record) and _covers(mandate, record) for mandate in standing.mandates)
    ]


def _is_in_force(mandate: Mandate, record: HeldRecord) -> bool:
    day = beijing_day(record.signed.iat if record.anchored_at is None else record.anchored_at)
    return mandate.terms.agent == record.signed.iss and mandate.is_in_force(record.block or 0, day)


def _covers(mandate: Mandate, record: HeldRecord) -> bool:
    office = (record.one("declaration") or record.one("request")).get("office")
    number = str(office.get("value", "")) if isinstance(office, dict) else ""
    codes = [str(item.get("hs") or "") for item in record.many("goods_items")]
    return mandate.terms.covers_office(number) and all(map(mandate.terms.covers_goods, codes))
