"""M01: who declares for the company whose UCR it is has its mandate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chain.mandates import MANDATE_SECTION, MANDATE_TYPE, Mandate, MandateText, find_mandates, read_mandate
from chain.rules.answers import Answer, Missing, finding
from chain.rules.facts import Record
from chain.rules.frame import Case, agrees, beijing_day, not_run, rule
from chain.standing import owner_of


@dataclass(frozen=True)
class _Statement:
    """A record as `chain.mandates` takes it, its place in the chain's order standing for its block."""

    record: Record
    block: int
    mandate: MandateText | None

    @property
    def record_id(self) -> str:
        return self.record.id

    @property
    def issuer(self) -> str:
        return self.record.issuer

    @property
    def record_type(self) -> str:
        return self.record.type

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self.record.sections.get("names", ()) if isinstance(name, str))

    @property
    def replaces(self) -> str | None:
        return self.record.amends or None

    @property
    def withdraws(self) -> bool:
        return self.record.withdraws


@rule(
    "M01",
    "H",
    en="Whoever declares for the company whose UCR it is has its mandate, for the day, the office and the goods.",
    zh="为 UCR 所属企业报关的，持有其当日有效且涵盖该关区与商品的代理报关委托。",
    needs=("customs.declaration/declaration", "trade.mandate/mandate"),
)
def check_mandate(case: Case) -> Iterator[Answer]:
    """Each version of a declaration; where nobody said a mandate, only if `mandates_demanded`."""
    statements = [_statement(place, record) for place, record in enumerate(case.consignment.history, start=1)]
    place_by_id = {statement.record_id: statement.block for statement in statements}
    is_used = case.parameters.mandates_demanded or any(one.mandate is not None for one in statements)
    for declaration in case.consignment.declarations:
        for version in declaration.versions:
            for owner in sorted(_owners(version) - {version.issuer}):
                mandates = [one for one in find_mandates(owner, statements) if one.terms.agent == version.issuer]
                if not is_used:
                    yield not_run("M01", Missing.FACT, "neither side says a mandate", "双方均未出具代理报关委托")
                else:
                    yield _judge(version, owner, mandates, place_by_id[version.id])


def _judge(declaration: Record, owner: str, mandates: Sequence[Mandate], place: int) -> Answer:
    day = beijing_day(declaration.issued)
    begun = [one for one in mandates if one.is_in_force(place, day)]
    fitting = [one for one in begun if _covers(one, declaration)]
    if fitting:
        return agrees("M01", fitting[0].offer, fitting[0].confirmation, declaration.id)
    what, what_zh = ("no mandate in force", "无有效委托")
    if begun:
        what, what_zh = ("no mandate for this office and these goods", "委托不含该关区或商品")
    return finding(
        "M01-no-mandate" if not begun else "M01-beyond-mandate",
        "H",
        f"{declaration.issuer} declared for {owner} and had {what} on {day}.",
        f"{declaration.issuer} 为 {owner} 报关，{day} {what_zh}。",
        [(declaration.id, "declaration.office", declaration.head.office)],
        declared=declaration.issuer,
        computed=", ".join(sorted({one.terms.agent for one in begun})) or "none",
    )


def _covers(mandate: Mandate, declaration: Record) -> bool:
    # The office that it is declared at; the one of entry may be another.
    terms, office = mandate.terms, declaration.head.office
    return terms.covers_office(office) and all(terms.covers_goods(item.hs) for item in declaration.items)


def _owners(record: Record) -> set[str]:
    return {owner for ucr in record.ucrs if (owner := owner_of(ucr)) is not None}


def _statement(place: int, record: Record) -> _Statement:
    said = record.sections.get(MANDATE_SECTION, ()) if record.type == MANDATE_TYPE else ()
    return _Statement(record, place, next((read_mandate(value) for value in said), None))
