"""Whether who declares for a company has its mandate (代理报关委托): said at once, before anything is promised.

What a declaration is held against is worked out where it is examined (`acts_of`), which may be another process; what
mandates there are is asked of the store for a whole group of offers in one question (`find_unmandated`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from chain.mandates import DECLARING_TYPES, Mandate, beijing_day, find_mandates
from chain.standing import owner_of
from gateway.ingest.validation import Entry
from gateway.membership.tag_keys import TagKeys
from gateway.runtime.refusals import GatewayRefusal
from gateway.search_index.facts import Findable
from gateway.store.look_ups import look_ups_of
from gateway.store.mandates import StoredSide, find_sides, party_key
from gateway.store.records import Act, NewRecord
from gateway.store.store import Transaction

GOODS_MAX: Final = 999
"""Most kinds of goods of one declaration that are held against a mandate: as many as it has items."""


class MandateRemark(msgspec.Struct, frozen=True):
    """Why a declaration has no mandate, for one consignment."""

    ucr: str
    text: str
    text_zh: str

    def told(self) -> dict[str, str]:
        """As answers tell it."""
        return {"kind": "no-mandate", "ucr": self.ucr, "text": self.text, "text_zh": self.text_zh}


def acts_of(issuer: str, vct: str, entries: Iterable[Entry], tag_keys: TagKeys) -> list[Act]:
    """For which companies a record acts: for each consignment of another's, the lanes that a mandate stands in."""
    if vct not in DECLARING_TYPES:
        return []
    acts = []
    for entry in entries:
        owner = owner_of(entry.ucr)
        if owner is not None and owner != issuer:
            tags = [*tag_keys.lane_tags(entry.ucr, owner), *tag_keys.lane_tags(entry.ucr, issuer)]
            acts.append(Act(entry.ucr, owner, tags))
    return acts


def scope_of(found: Findable | None) -> tuple[list[str], list[str]]:
    """The customs offices and the HS codes that a declaration says."""
    if found is None:
        return [], []
    offices = [value for kind, value in found.facts if kind == "office"]
    return offices, [*dict.fromkeys(hs for hs, _ in found.goods if hs)][:GOODS_MAX]


def find_unmandated(
    connection: Transaction, offers: Sequence[object], now_s: float, is_member: Callable[[str], bool]
) -> dict[int, tuple[MandateRemark, ...]]:
    """Of these offers, by place, the records that act for a company without its mandate, each with why."""
    acting = {place: offer for place, offer in enumerate(offers) if isinstance(offer, NewRecord) and offer.acts}
    if not acting:
        return {}
    sides = find_sides(connection, {tag for offer in acting.values() for act in offer.acts for tag in act.tags})
    key, day = look_ups_of(connection), beijing_day(int(now_s))
    unmandated: dict[int, tuple[MandateRemark, ...]] = {}
    for place, offer in acting.items():
        agent = party_key(key, offer.iss)
        remarks = []
        for act in offer.acts:
            held = {side.record_id: side for tag in act.tags for side in sides.get(tag, ())}
            principal = party_key(key, act.owner)
            fault = _find_fault(held.values(), principal, agent, day, offer)
            if fault is not None and not is_member(act.owner):
                fault = ("is no member, so that no mandate of it can be shown here", "不是成员，无法在此出示其委托")
            if fault is not None:
                remarks.append(
                    MandateRemark(
                        act.ucr, f"{act.owner}, whose UCR it is, {fault[0]}", f"UCR 所属企业 {act.owner}{fault[1]}"
                    )
                )
        if remarks:
            unmandated[place] = tuple(remarks)
    return unmandated


def refusal_of(remarks: Iterable[MandateRemark], is_member: Callable[[str], bool]) -> GatewayRefusal | None:
    """That a member is acted for without its mandate, for the first consignment; None where no member is."""
    wrong = next((remark for remark in remarks if is_member(str(owner_of(remark.ucr)))), None)
    if wrong is None:
        return None
    return GatewayRefusal(
        "no-mandate",
        f"{wrong.text} ({wrong.ucr}) · {wrong.text_zh}",
        field="ucr",
        fix="Have it offer or confirm a mandate (tongguan mandate), and declare once both sides are anchored",
    )


def _find_fault(
    sides: Iterable[StoredSide], principal: str, agent: str, day: str, offer: NewRecord
) -> tuple[str, str] | None:
    """Why no mandate covers a declaration, of the one that comes nearest; None where one does."""
    own = [mandate for mandate in find_mandates(principal, sides) if mandate.terms.agent == agent]
    faults = [_fault_of(mandate, day, offer) for mandate in own]
    if None in faults:
        return None
    reasons = [fault for fault in faults if fault is not None]
    return max(reasons, default=(0, "gave its issuer no mandate", "未委托该签发者"))[1:]


def _fault_of(mandate: Mandate, day: str, offer: NewRecord) -> tuple[int, str, str] | None:
    """What is wrong with one mandate, with how near it comes."""
    terms = mandate.terms
    if mandate.ended_block is not None:
        return 1, "gave a mandate that was ended", "的委托已终止"
    if not terms.covers_day(day):
        return 2, f"gave a mandate from {terms.starts} to {terms.ends}", f"的委托期限为 {terms.starts} 至 {terms.ends}"
    if not mandate.since_block:
        return 3, "gave a mandate that is not anchored yet", "的委托尚未上链"
    if offices := [office for office in offer.offices if not terms.covers_office(office)]:
        return 4, f"gave a mandate that leaves out office {offices[0]}", f"的委托不含关区 {offices[0]}"
    if goods := [hs for hs in offer.goods if not terms.covers_goods(hs)]:
        return 5, f"gave a mandate that leaves out goods {goods[0]}", f"的委托不含商品 {goods[0]}"
    return None
