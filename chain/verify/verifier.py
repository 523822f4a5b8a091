"""The verifier: a bundle and a trust root in, named checks and one verdict out. No network, no clock, no database."""

from __future__ import annotations

from chain.errors import Malformed
from chain.proof.bundle import Bundle, Kind
from chain.verify.checks import CHECKS, COMPLETENESS, MANDATORY, ORDER, WELL_FORMED, Check
from chain.verify.context import Case, Fails, NotShown
from chain.verify.results import Answer, Outcome, Report, Said, Verdict
from chain.verify.trust_root import TrustRoot


def verify_file(said: bytes, trust_root: TrustRoot, as_of: int | None = None) -> Report:
    """As `verify`, from the bundle's bytes; a malformed one is INVALID."""
    try:
        bundle = Bundle.parse(said)
    except Malformed as fault:
        return _malformed(fault, trust_root)
    return verify(bundle, trust_root, as_of)


def verify(bundle: Bundle, trust_root: TrustRoot, as_of: int | None = None) -> Report:
    """Every check's answer and the verdict, for a bundle that `Bundle.parse` accepted (a stranger's: `verify_file`).

    `as_of` is the block up to which everything anchored must be covered.
    """
    case = Case(bundle, trust_root, as_of)
    answers: dict[int, Answer] = {}
    for number in ORDER:
        check = CHECKS[number - 1]
        answers[number] = _ask(check, case, answers)
    in_order = tuple(answers[check.number] for check in CHECKS)
    proved = answers[4].outcome is Outcome.PASS
    checkpoint = case.words.checkpoint if proved else None
    return Report(
        verdict=decide(bundle.kind, in_order),
        kind=str(bundle.kind),
        subject=bundle.subject_records if bundle.subject_ucr is None else (bundle.subject_ucr,),
        answers=in_order,
        records=tuple(case.standings.values()),
        trust_root=trust_root.fingerprint.hex(),
        receipts=tuple(case.receipts),
        header_number=bundle.header.number,
        header_time=bundle.header.timestamp,
        covered_until_block=case.covered_until,
        covered_batches=None if checkpoint is None else checkpoint.batch_count,
        checkpoint_block=None if checkpoint is None else checkpoint.since_block,
        is_complete=case.is_consignment and all(answers[n].outcome is Outcome.PASS for n in COMPLETENESS),
        votes=None if checkpoint is None else checkpoint.votes,
        dissent=None if checkpoint is None else checkpoint.dissent,
        remarks=(*_dependence(trust_root), *dict.fromkeys(case.remarks)),
    )


def decide(kind: Kind, answers: tuple[Answer, ...]) -> Verdict:
    """The one verdict: the gravest that any answer gives; a mandatory check without an answer is INCOMPLETE."""
    verdict = max(answer.verdict for answer in answers)
    for answer in answers:
        unanswered = answer.outcome in (Outcome.ERROR, Outcome.SKIPPED)
        if answer.outcome is Outcome.ERROR or (unanswered and answer.number in MANDATORY[kind]):
            verdict = max(verdict, Verdict.INCOMPLETE)
    return verdict


def _ask(check: Check, case: Case, answers: dict[int, Answer]) -> Answer:
    for earlier in check.rests_on:
        if answers[earlier].outcome is not Outcome.PASS and not _stands(answers[earlier]):
            name = CHECKS[earlier - 1].name
            reason = Said(f"rests on check {earlier} ({name})", f"依赖第 {earlier} 项检查（{name}）")
            return Answer(check.number, check.name, Outcome.SKIPPED, Verdict.VALID, (reason,))
    try:
        check.ask(case)
    except Fails as fault:
        verdict = check.on_fail if fault.verdict is None else fault.verdict
        return Answer(check.number, check.name, Outcome.FAIL, verdict, (fault.said,))
    except NotShown as fault:
        return Answer(check.number, check.name, Outcome.SKIPPED, Verdict.VALID, (fault.said,))
    except Exception as fault:  # noqa: BLE001  "could not check" must not become a traceback, nor a PASS
        reason = Said(f"the verifier could not tell: {fault!r}", f"验证程序无法判定：{fault!r}")
        return Answer(check.number, check.name, Outcome.ERROR, Verdict.VALID, (reason,))
    return Answer(check.number, check.name, Outcome.PASS, Verdict.VALID)


def _stands(answer: Answer) -> bool:
    """A FAIL that leaves the facts standing (revoked since, an old checkpoint) lets later checks be asked."""
    return answer.outcome is Outcome.FAIL and answer.verdict <= Verdict.INCOMPLETE


def _dependence(trust_root: TrustRoot) -> tuple[Said, ...]:
    remarks = []
    if not trust_root.independent_validators:
        remarks.append(
            Said(
                "the validators are not independent of each other (trust root): one holder could seal another history",
                "信任根声明验证者并非相互独立：同一持有者可能签封另一段历史",
            )
        )
    if not trust_root.independent_attesters:
        remarks.append(
            Said(
                "the attesters are not independent of each other (trust root): completeness rests on one holder's word",
                "信任根声明作证者并非相互独立：完整性取决于同一持有者的说法",
            )
        )
    return tuple(remarks)


def _malformed(fault: Malformed, trust_root: TrustRoot) -> Report:
    reason = Said(str(fault), f"格式错误：{fault}")
    skipped = Said("rests on check 1 (well-formed)", "依赖第 1 项检查（well-formed）")
    answers = (
        Answer(WELL_FORMED.number, WELL_FORMED.name, Outcome.FAIL, Verdict.INVALID, (reason,)),
        *(Answer(check.number, check.name, Outcome.SKIPPED, Verdict.VALID, (skipped,)) for check in CHECKS[1:]),
    )
    return Report(
        verdict=Verdict.INVALID,
        kind="",
        subject=(),
        answers=answers,
        records=(),
        trust_root=trust_root.fingerprint.hex(),
        remarks=_dependence(trust_root),
    )
