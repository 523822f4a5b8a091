"""Findings of governors and bundles about them, each with one fault."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.risk_desk.statements import AgreedPack, find_statement
from chain.encoding import Json
from chain.members import MemberKind, Role
from chain.proof.batch import entry_digest
from chain.proof.bundle import Bundle
from chain.proof.index_map import lane_head
from chain.proof.redaction import redact
from chain.records.audit import LaneHead, LaneSnapshot
from chain.rule_tables import example_tables
from chain.rules.answers import Finding
from chain.rules.consignment import join_records
from chain.rules.opinions import opinions_of
from chain.rules.pack import Case, pack_digest
from chain.rules.replayable import FORMS, replay
from chain.rules.signed_records import is_judged, read_signed
from chain.rules.table_rows import AskedDays, show_days
from chain.rules.tables import Tables
from chain.sdjwt import SignedRecord
from chain.verify.results import Verdict
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, GATEWAY, RULES, UCR, Consortium, rules_text

Sections = dict[str, Any]
Change = Callable[[Sections], object]
LATE_BLOCKS = 90
"""Fifteen minutes."""


def _money(value: str) -> Json:
    return {"value": value, "currency": "CNY"}


def _declared(total: str = "111.00") -> dict[str, list[Json]]:
    """A declaration whose one line is of 100 yuan: rule C07 wants the total to be that."""
    return {
        "declaration": [{"number": "010120261000000761", "direction": "I"}],
        "valuation": [{"total": _money(total)}],
        "goods_items": [{"ordinal": 1, "hs": "8471300000", "total": _money("100.00")}],
        "references": [{"kind": "declaration", "scope": "", "value": "010120261000000761", "on": None}],
    }


def _assessed() -> dict[str, list[Json]]:
    """A bill of 50 yuan."""
    lines: list[Json] = [{"kind": "A", "base": _money("500.00"), "rate": "0.1", "amount": _money("50.00")}]
    return {
        "assessment": [{"number": "010120261000000761-A01", "declaration": "010120261000000761"}],
        "taxes": [{"lines": lines, "total": _money("50.00"), "due_on": "2026-02-14"}],
    }


def _paid(amount: str = "50.00", day: str = "2026-02-15") -> dict[str, list[Json]]:
    """A payment of the bill on that day; the last day to pay was 2026-02-14, a worked Saturday."""
    return {
        "tax_payment": [{"certificate": "C1", "declaration": "010120261000000761", "state": "paid"}],
        "taxes": [{"total": _money(amount), "paid": {"utc": f"{day}T02:00:00Z", "said": day}, "due_on": "2026-02-14"}],
    }


@dataclass
class Desk:
    """Customs' desk over a consignment of the broker's."""

    it: Consortium = field(default_factory=Consortium)
    tables: Tables = field(default_factory=example_tables)

    def __post_init__(self) -> None:
        more = {"tax.assessment": Role.CUSTOMS, "tax.payment": Role.CUSTOMS | Role.BROKER, "tax.invoice": Role.BROKER}
        self.it.set_record_rules(rules_text({**RULES, **more}))
        self.it.block += 1

    def say(self, uscc: str, vct: str, sections: dict[str, list[Json]], **more: Any) -> SignedRecord:
        """A record in a batch of its own."""
        signed = self.it.record(uscc, vct=vct, sections=sections, **more)
        self.it.anchor(signed)
        return signed

    def finding(self, rule: str, change: Change = lambda sections: None, **more: Any) -> SignedRecord:
        """The desk's finding as of now, changed and anchored."""
        sections = copy.deepcopy(self.statement(rule))
        change(sections)
        return self.say(more.pop("by", CUSTOMS), "audit.finding", sections, **more)

    def statement(self, rule: str, *, without: SignedRecord | None = None) -> Sections:
        """What the desk says of that rule by all that is anchored, or by all but the lane of a record."""
        left_out = b"" if without is None else self.it.tag(UCR, without.iss)
        lanes = [(tag, lane) for tag, lane in sorted(self.it.map.lanes.items()) if tag != left_out]
        places = {(tag, leaf.digest): (leaf.batch, tag, at) for tag, lane in lanes for at, leaf in enumerate(lane)}
        seen = []
        for signed in self.it.records.values():
            for digest, _ in signed.ucr_elements():
                place = places.get((self.it.tag(UCR, signed.iss), entry_digest(signed, digest)))
                if place is not None and is_judged(signed.vct):
                    seen.append((place, signed))
        roots = {"working-days": self.tables.roots["working-days"]}
        assert self.tables.working_days is not None
        asked = AskedDays(self.tables.working_days.table)
        case = Case(join_records([read_signed(one) for _, one in sorted(seen, key=lambda one: one[0])]))
        found = self._answers(rule, replace(case, tables=Tables(working_days=asked, roots=roots)))
        (opinion,) = opinions_of(found)
        snapshot = LaneSnapshot(
            batches=len(self.it.batches),
            lanes=tuple(LaneHead(tag=tag.hex(), count=len(lane), head=lane_head(lane).hex()) for tag, lane in lanes),
        )
        rows = show_days(asked.table, asked.asked)
        sections: Sections = find_statement(
            opinion, snapshot, AgreedPack(pack_digest(roots), roots), rows
        ).to_sections()
        return sections

    def _answers(self, rule: str, case: Case) -> list[Finding]:
        if rule in FORMS:
            return [answer for answer in replay(rule, case) if isinstance(answer, Finding)]
        return [Finding(rule, "M", (), "an opinion", "意见")]

    def about(self, finding: SignedRecord, change: Callable[[Bundle], Bundle] = lambda bundle: bundle) -> Made:
        """The bundle about a finding, under a checkpoint of now."""
        self.it.checkpoint()
        bundle = replace(self.it.consignment_bundle(), subject_finding=finding.record_id)
        return change(bundle).format(), self.it.trust_root()


def _valued() -> Desk:
    """A declaration whose total is not its lines' sum."""
    desk = Desk()
    desk.say(BROKER, "customs.declaration", _declared())
    return desk


def _late() -> Desk:
    """A bill that was paid a day late, because the last day to pay was a worked Saturday."""
    desk = Desk()
    desk.say(BROKER, "customs.declaration", _declared("100.00"))
    desk.say(CUSTOMS, "tax.assessment", _assessed())
    desk.say(BROKER, "tax.payment", _paid())
    return desk


def _head(**changed: Json) -> Change:
    return lambda sections: sections["finding"][0].update(changed)


def _difference(**changed: Json) -> Change:
    return lambda sections: sections["differences"][0][0].update(changed)


@vector(Verdict.VALID)
def finding_true() -> Made:
    """A bundle about a finding: its rule, run again on inputs that the verifier selects, gives what it says."""
    desk = _valued()
    return desk.about(desk.finding("C07"))


@vector(Verdict.VALID)
def finding_with_a_table_row_true() -> Made:
    """Taxes were paid late; that the last day was a worked Saturday follows from a row with its path."""
    desk = _late()
    return desk.about(desk.finding("C30"))


@vector(Verdict.VALID, 19)
def consignment_with_a_false_finding_true() -> Made:
    """A governor's false finding is named and changes no verdict over the consignment."""
    desk = _valued()
    desk.finding("C07", _difference(declared="999.00"))
    desk.it.checkpoint()
    return desk.it.consignment_bundle().format(), desk.it.trust_root()


@vector(Verdict.VALID)
def consignment_with_a_true_finding_true() -> Made:
    """A consignment with a finding that follows."""
    desk = _valued()
    desk.finding("C07")
    desk.it.checkpoint()
    return desk.it.consignment_bundle().format(), desk.it.trust_root()


@vector(Verdict.INVALID, 19)
def finding_with_a_false_number() -> Made:
    """Its signer wrote another number as declared than the record says."""
    desk = _valued()
    return desk.about(desk.finding("C07", _difference(declared="999.00")))


@vector(Verdict.INVALID, 19)
def finding_with_a_false_input() -> Made:
    """It rests on a record that does not say so."""
    desk = _valued()
    other = desk.say(CUSTOMS, "customs.status", {"status": [{"code": "R"}]})
    change = lambda sections: sections["differences"][0][0]["inputs"][0].update(record=other.record_id)  # noqa: E731
    return desk.about(desk.finding("C07", change))


@vector(Verdict.INVALID, 19)
def finding_with_an_input_left_out() -> Made:
    """It lists fewer inputs than the rule selects."""
    desk = _valued()
    return desk.about(desk.finding("C07", lambda sections: sections["differences"][0][0]["inputs"].pop()))


@vector(Verdict.INVALID, 19)
def finding_with_a_difference_that_is_not_there() -> Made:
    """It counts two differences where the rule finds one."""
    desk = _valued()
    return desk.about(desk.finding("C07", _head(differences=2)))


@vector(Verdict.INVALID, 19)
def finding_of_an_unknown_rule() -> Made:
    """The version that it names has no such rule."""
    desk = _valued()
    return desk.about(desk.finding("C07", _head(rule="C99")))


@vector(Verdict.CANNOT_TELL, 19)
def finding_of_an_old_version() -> Made:
    """It names rules of a version that is not known."""
    desk = _valued()
    return desk.about(desk.finding("C07", _head(version="2020.1")))


@vector(Verdict.INVALID, 19)
def finding_of_another_pack() -> Made:
    """The pack's hash is not that of the version's rules and of the tables that it names."""
    desk = _valued()
    return desk.about(desk.finding("C07", _head(pack="0" * 64)))


@vector(Verdict.VALID, 19)
def finding_that_is_an_opinion_true() -> Made:
    """Its rule has no data form: a signed opinion, named so, which nobody can run again."""
    desk = _valued()
    return desk.about(desk.finding("C02"))


@vector(Verdict.CANNOT_TELL, 19)
def finding_with_a_section_withheld() -> Made:
    """The declaration's goods, which the rule selects, are withheld."""
    desk = _valued()
    finding = desk.finding("C07")
    shown = ["declaration", "valuation", "references", "finding", "differences", "snapshot", "rows"]
    return desk.about(finding, lambda bundle: redact(bundle, shown))


@vector(Verdict.CANNOT_TELL, 19)
def finding_with_its_snapshot_withheld() -> Made:
    """What it says it looked at is withheld."""
    desk = _valued()
    finding = desk.finding("C07")
    shown = ["declaration", "valuation", "references", "goods_items", "finding", "differences", "rows"]
    return desk.about(finding, lambda bundle: redact(bundle, shown))


@vector(Verdict.WITHDRAWN, 19)
def finding_withdrawn() -> Made:
    """Its signer took it back, and it is shown as standing."""
    desk = _valued()
    finding = desk.finding("C07")
    empty = _head(state="withdrawn", differences=0)
    change = lambda sections: (empty(sections), sections.pop("differences"))  # noqa: E731
    desk.finding("C07", change, amends=finding.record_id)
    return desk.about(finding)


@vector(Verdict.AMENDED, 19)
def finding_amended() -> Made:
    """Its signer replaced it by another one, and it is shown as standing."""
    desk = _valued()
    finding = desk.finding("C07")
    desk.finding("C07", amends=finding.record_id)
    return desk.about(finding)


@vector(Verdict.INVALID, 19)
def finding_with_a_row_not_of_the_table() -> Made:
    """A table row says another thing than the table of that root."""
    desk = _late()
    return desk.about(desk.finding("C30", lambda sections: sections["rows"][0][0]["cells"].__setitem__(1, "0")))


@vector(Verdict.CANNOT_TELL, 19)
def finding_with_a_row_left_out() -> Made:
    """The row that the rule asks for is not shown."""
    desk = _late()
    return desk.about(desk.finding("C30", lambda sections: sections.pop("rows")))


@vector(Verdict.INVALID, 19)
def finding_that_leaves_a_payment_out() -> Made:
    """Paid less than assessed, by a snapshot without the lane of the second payment, fifteen minutes older than it."""
    desk = Desk()
    desk.it.add_member("91330000100000005Y", Role.BROKER)
    desk.it.block += 1
    desk.say(BROKER, "customs.declaration", _declared("100.00") | {"names": ["91330000100000005Y"]})
    desk.say(CUSTOMS, "tax.assessment", _assessed())
    desk.say(BROKER, "tax.payment", _paid("20.00"))
    second = desk.say("91330000100000005Y", "tax.payment", _paid("30.00"))
    desk.it.block += LATE_BLOCKS
    sections = desk.statement("C29", without=second)
    return desk.about(desk.say(CUSTOMS, "audit.finding", sections))


@vector(Verdict.VALID)
def finding_without_what_came_a_minute_before_true() -> Made:
    """A record that was anchored less than ten minutes before may be missed; with it the rule finds the same."""
    desk = _valued()
    sections = desk.statement("C07")
    desk.say(CUSTOMS, "customs.status", {"status": [{"code": "R"}]})
    return desk.about(desk.say(CUSTOMS, "audit.finding", sections))


@vector(Verdict.VALID)
def finding_that_no_longer_follows_true() -> Made:
    """The declaration was amended since: of its snapshot it follows, and it is remarked that it no longer does."""
    desk = _valued()
    finding = desk.finding("C07")
    first = next(one for one in desk.it.records.values() if one.vct == "customs.declaration")
    desk.say(BROKER, "customs.declaration", _declared("100.00"), amends=first.record_id)
    return desk.about(finding)


@vector(Verdict.INVALID, 19)
def finding_with_a_head_that_never_was() -> Made:
    """A lane of its snapshot never had the head that it names."""
    desk = _valued()
    change = lambda sections: sections["snapshot"][0]["lanes"][0].update(head="0" * 64)  # noqa: E731
    return desk.about(desk.finding("C07", change))


@vector(Verdict.CANNOT_TELL, 19)
def finding_with_an_entry_of_its_snapshot_unopened() -> Made:
    """An entry of a lane of its snapshot is without its record, and young: nobody can tell what it says."""
    desk = _valued()
    desk.it.anchor_entries([desk.it.tag(UCR) + b"j" * 32])
    return desk.about(desk.finding("C07"))


@vector(Verdict.INVALID, 19)
def finding_of_another_form() -> Made:
    """It says its count as a text."""
    desk = _valued()
    return desk.about(desk.finding("C07", _head(differences="1")))


@vector(Verdict.INVALID, 19)
def finding_as_subject_by_no_governor() -> Made:
    """The bundle is about a finding of a participant, which does not count."""
    desk = _valued()
    return desk.about(desk.finding("C07", by=BROKER))


@vector(Verdict.INVALID, 1)
def finding_that_is_not_shown() -> Made:
    """The bundle is about a finding that is not among its records."""
    desk = _valued()
    finding = desk.finding("C07")
    return desk.about(finding, lambda bundle: replace(bundle, subject_finding="A" * 43))


@vector(Verdict.CANNOT_TELL, 19)
def finding_that_is_no_finding() -> Made:
    """The bundle says that it is about a finding, and names a declaration."""
    desk = _valued()
    desk.finding("C07")
    declaration = next(one for one in desk.it.records.values() if one.vct == "customs.declaration")
    return desk.about(declaration)


@vector(Verdict.ENTRIES_MISSING, 13)
def finding_of_a_consignment_that_is_not_whole() -> Made:
    """The lane of another authority is closed: the consignment is not whole, so nobody can tell."""
    desk = _valued()
    desk.it.add_member("11100000000000009T", Role.TAX, MemberKind.GOVERNOR)
    desk.it.block += 1
    finding = desk.finding("C07")
    desk.it.record("11100000000000009T", vct="customs.declaration")
    desk.it.anchor(next(reversed(desk.it.records.values())))
    desk.it.checkpoint()
    bundle = desk.it.consignment_bundle(members={BROKER, CUSTOMS, GATEWAY})
    return replace(bundle, subject_finding=finding.record_id).format(), desk.it.trust_root()


@vector(Verdict.WITHDRAWN, 19)
def finding_that_takes_one_back() -> Made:
    """The bundle is about the record by which a finding was withdrawn."""
    desk = _valued()
    return desk.about(desk.finding("C07", _head(state="withdrawn")))


@vector(Verdict.CANNOT_TELL, 19)
def finding_that_lists_no_difference() -> Made:
    """It counts a difference and lists none."""
    desk = _valued()
    return desk.about(desk.finding("C07", lambda sections: sections.pop("differences")))


@vector(Verdict.INVALID, 19)
def finding_where_the_rule_finds_nothing() -> Made:
    """It names another rule than the one that finds something there."""
    desk = _valued()
    return desk.about(desk.finding("C07", _head(rule="C06")))


@vector(Verdict.CANNOT_TELL, 19)
def finding_with_a_lane_that_is_not_shown() -> Made:
    """Its snapshot names a lane that the bundle does not open."""
    desk = _valued()
    lane: Json = {"tag": "f" * 32, "count": 1, "head": "0" * 64}
    return desk.about(desk.finding("C07", lambda sections: sections["snapshot"][0]["lanes"].append(lane)))


@vector(Verdict.VALID, 19)
def consignment_with_an_opinion_alone_true() -> Made:
    """The one finding of a consignment is an opinion: nothing can be run again."""
    desk = _valued()
    desk.finding("C02")
    desk.it.checkpoint()
    return desk.it.consignment_bundle().format(), desk.it.trust_root()
