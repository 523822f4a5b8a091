"""Check 16: who belongs to a consignment, by the closure of `chain.standing` over the records that count."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chain.mandates import beijing_day, mandate_of
from chain.members import CodeRegister, PolicyName
from chain.proof.authorities import authorities_for, authorities_up_to
from chain.proof.bundle import ProvedRecord
from chain.proof.offices import UNKNOWN_OFFICE, offices_of
from chain.proof.storage import MalformedProof
from chain.standing import PARTIES_TYPE, RECORDS_MAX, Standing, StandingRecord, close_standing, owner_of
from chain.verify.context import Case, NotShown
from chain.verify.results import Said

Competence = Callable[[StandingRecord, frozenset[str]], bool]


def check_standing(case: Case) -> None:
    """The set of the consignment; records of members outside it do not count, nor those beyond the limit."""
    ucr = case.bundle.subject_ucr
    if ucr is None:
        raise NotShown("a record alone does not tell who belongs to its consignment", "单条记录无法说明谁属于该票货物")
    records = [_statement(case, record, ucr, at) for at, record in enumerate(case.counted())]
    standing = close_standing(ucr, records, is_competent=partial(_is_competent, case, otherwise=False))
    largest = close_standing(ucr, records, is_competent=partial(_is_competent, case, otherwise=True))
    if (standing.counted, standing.namings.keys()) != (largest.counted, largest.namings.keys()):
        raise NotShown(
            "whether customs was competent for whom it names cannot be told: offices are withheld or not shown",
            "海关对其所列成员是否有管辖权无法判定：关区被隐去或未出示",
        )
    case.members_of_the_set = _members(case, standing, ucr)
    outside = 0
    for record in case.counted():
        name = record.signed.record_id
        if name in standing.beyond:
            case.drop(record, Said("its issuer had said as many as one may by then", "签发者当时已达条数上限"))
        elif name not in standing.counted:
            case.drop(record, Said("its issuer has no standing in the consignment", "签发者不属于该票货物的相关成员"))
            outside += 1
    if outside:
        case.remarks.append(
            Said(
                f"{outside} of {len(records)} records are of members without standing and are not counted",
                f"{len(records)} 条记录中有 {outside} 条的签发者不属于相关成员，不予计入",
            )
        )


def _members(case: Case, standing: Standing, ucr: str) -> frozenset[str]:
    """Whose lanes a complete consignment opens: the owner's, the authorities' of any time, and the named members'."""
    owner = owner_of(ucr)
    authorities = authorities_up_to(case.bundle.authorities or (), case.bundle.header.number)
    return authorities | standing.namings.keys() | ({owner} if owner is not None else set())


def _statement(case: Case, record: ProvedRecord, ucr: str, order: int) -> StandingRecord:
    signed, batch = record.signed, case.batch_of(record)
    block = batch.block
    names = signed.disclosed().get("names", ())
    return StandingRecord(
        record_id=signed.record_id,
        issuer=signed.iss,
        record_type=signed.vct,
        order=(order,),
        names=tuple(value for _, value in names if isinstance(value, str)),
        offices=offices_of(signed),
        by_authority=signed.iss in authorities_for(case.bundle.authorities or (), block),
        by_operator=signed.vct == PARTIES_TYPE and _operates(case, signed.iss, ucr, block),
        block=block,
        day=beijing_day(batch.timestamp),
        mandate=mandate_of(signed),
        replaces=signed.amends,
        withdraws=signed.withdraws,
        records_max=_records_max(case, block),
    )


def _operates(case: Case, member: str, ucr: str, block: int) -> bool:
    """Whether a member operated the single window of this UCR: its scope is how the UCR goes on after the year."""
    try:
        operator = case.words.operators[member].in_force(block)
    except MalformedProof as fault:
        raise NotShown(f"operator {member}: {fault}", f"运营者 {member}：{fault}") from None
    scope = None if operator is None else operator.scope
    return scope is not None and (scope == "*" or ucr[1:].startswith(scope))


def _records_max(case: Case, block: int) -> int:
    try:
        limit = case.words.policies[PolicyName.LANE_RECORDS_MAX].in_force(block)
    except MalformedProof as fault:
        raise NotShown(f"the limit of records: {fault}", f"条数上限：{fault}") from None
    return RECORDS_MAX if limit is None else limit.number


def _is_competent(case: Case, record: StandingRecord, offices: frozenset[str], *, otherwise: bool) -> bool:
    """Whether one of the offices was the issuer's for the record's block; `otherwise` where an unknown one may be."""
    is_unknown = UNKNOWN_OFFICE in offices
    for office in offices - {UNKNOWN_OFFICE}:
        shown = case.words.assignments.get((CodeRegister.CUSTOMS_OFFICE, office))
        try:
            holder = None if shown is None else shown.in_force(record.block)
        except MalformedProof:
            shown = None
            holder = None
        is_unknown = is_unknown or shown is None
        if holder is not None and holder.member == record.issuer:
            return True
    return otherwise and is_unknown
