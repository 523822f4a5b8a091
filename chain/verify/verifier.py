"""The verifier: a bundle and a trust root in, named checks and one verdict out. No network, no clock, no database."""

from __future__ import annotations

from dataclasses import replace

from chain.errors import Malformed
from chain.proof.bundle import Bundle
from chain.proof.bundle_reader import NoBundle, parse_bundle
from chain.proof.own_number import OwnNumber
from chain.verify.checks import CHECKS, COMPLETENESS, MANDATORY, ORDER, WELL_FORMED, Check
from chain.verify.context import Case, Demand, Fails, NotShown
from chain.verify.erasures import note_erasures
from chain.verify.results import Answer, Outcome, Report, Said, Verdict, gravest
from chain.verify.trust_root import TrustRoot

NOTHING_MORE = Demand()


def verify_file(content: bytes, trust_root: TrustRoot, question: Demand = NOTHING_MORE) -> Report:
    """As `verify`, from a file's bytes; a malformed bundle is INVALID, any other file gets no verdict."""
    try:
        bundle = parse_bundle(content)
    except NoBundle as fault:
        return _without_checks(Said(str(fault), f"不是本格式的证明包：{fault}"), trust_root)
    except Malformed as fault:
        return _malformed(fault, trust_root)
    return verify(bundle, trust_root, question)


def verify(bundle: Bundle, trust_root: TrustRoot, question: Demand = NOTHING_MORE) -> Report:
    """Every check's answer and the verdicts, of a bundle that `parse_bundle` accepted (a stranger's: `verify_file`)."""
    if bundle.consortium != trust_root.consortium:
        return _without_checks(
            Said(
                f"the bundle is of consortium {bundle.consortium.hex()}, the trust root of another",
                f"证明包属于联盟 {bundle.consortium.hex()}，与信任根不符",
            ),
            trust_root,
        )
    case = Case(bundle, trust_root, question)
    answers: dict[int, Answer] = {}
    for number in ORDER:
        check = CHECKS[number - 1]
        answers[number] = _ask(check, case, answers)
    in_order = tuple(answers[check.number] for check in CHECKS)
    proved = answers[4].outcome is Outcome.PASS
    checkpoint = case.words.checkpoint if proved else None
    verdicts = _verdicts(case, in_order)
    if not gravest(verdicts.values()).is_refuted:
        note_erasures(case)
    return Report(
        verdict=gravest(verdicts.values()),
        kind=bundle.kind_text,
        subject=_subjects(bundle),
        verdicts=verdicts,
        answers=in_order,
        records=tuple(case.standings.values()),
        trust_root=trust_root.fingerprint.hex(),
        receipts=tuple(case.receipts),
        findings=tuple(case.findings),
        header_number=bundle.header.number,
        header_time=bundle.header.timestamp,
        covered_until_block=case.covered_until,
        covered_batches=None if checkpoint is None else checkpoint.batch_count,
        checkpoint_block=None if checkpoint is None else checkpoint.since_block,
        is_complete=case.is_consignment and all(answers[n].outcome is Outcome.PASS for n in COMPLETENESS),
        pending=case.pending,
        cosigned_by=case.cosigned_by,
        stamped_by=case.stamped_by,
        votes=None if checkpoint is None else checkpoint.votes,
        dissent=None if checkpoint is None else checkpoint.dissent,
        remarks=(*_dependence(trust_root), *dict.fromkeys(case.remarks)),
    )


def mandatory_checks(case: Case) -> frozenset[int]:
    """Numbers of the checks that must be answered for a bundle, a question and a trust root."""
    asked = {11: case.question.current, 17: case.trust_root.witnesses is not None, 19: case.about_finding}
    return MANDATORY[case.bundle.kind] | {number for number, is_asked in asked.items() if is_asked}


def decide(answers: tuple[Answer, ...], mandatory: frozenset[int]) -> Verdict:
    """The verdict of all that does not speak of single subjects: the gravest; a check that must be answered counts."""
    found = [Verdict.VALID]
    for answer in answers:
        is_unanswered = answer.outcome is Outcome.SKIPPED and answer.number in mandatory
        if answer.outcome is Outcome.ERROR:
            found.append(Verdict.NO_VERDICT)
        elif not answer.is_of_subjects and (is_unanswered or answer.outcome is Outcome.FAIL):
            found.append(answer.verdict)
    return gravest(found)


def _verdicts(case: Case, answers: tuple[Answer, ...]) -> dict[str, Verdict]:
    """The verdict over each subject; over one that was asked for and is not here, OTHER_SUBJECT."""
    bundle, question = case.bundle, case.question
    shared = [decide(answers, mandatory_checks(case))]
    is_only_subject = bundle.subject_records == (question.record,)
    if question.ucr is not None and bundle.subject_ucr != question.ucr:
        shared.append(Verdict.OTHER_SUBJECT)
    if question.record is not None and question.record != bundle.subject_finding and not is_only_subject:
        shared.append(Verdict.OTHER_SUBJECT)
    if question.number is not None and not _is_of_number(bundle, question.number):
        shared.append(Verdict.OTHER_SUBJECT)
    if not bundle.subject_records:
        return dict.fromkeys(_subjects(bundle), gravest(shared))
    return {name: gravest((*shared, case.standings[name].verdict)) for name in bundle.subject_records}


def _is_of_number(bundle: Bundle, asked: str) -> bool:
    """Whether the bundle is about the number asked for, by itself or with its maker before it."""
    number = bundle.subject_number
    return number is not None and OwnNumber.of(number.maker, asked).value in (number.value, number.name)


def _subjects(bundle: Bundle) -> tuple[str, ...]:
    """What the verdicts are over: a finding, a number, a UCR, or records."""
    if bundle.subject_number is not None:
        return (bundle.subject_number.name,)
    if bundle.subject_finding is not None:
        return (bundle.subject_finding,)
    return bundle.subject_records if bundle.subject_ucr is None else (bundle.subject_ucr,)


def _ask(check: Check, case: Case, answers: dict[int, Answer]) -> Answer:
    for earlier in check.rests_on:
        if answers[earlier].outcome is not Outcome.PASS and not _stands(answers[earlier]):
            name = CHECKS[earlier - 1].name
            reason = Said(f"rests on check {earlier} ({name})", f"依赖第 {earlier} 项检查（{name}）")
            # What that one came to is its own answer's to say.
            return Answer(check.number, check.name, Outcome.SKIPPED, answers[earlier].verdict, (reason,))
    case.subject_faults.clear()
    try:
        check.ask(case)
    except Fails as fault:
        verdict = check.on_fail if fault.verdict is None else fault.verdict
        return Answer(check.number, check.name, Outcome.FAIL, verdict, (fault.said,))
    except NotShown as fault:
        return Answer(check.number, check.name, Outcome.SKIPPED, fault.verdict, (fault.said,))
    except Exception as fault:  # noqa: BLE001  "could not check" must not become a traceback, nor a PASS
        reason = Said(f"the verifier could not tell: {fault!r}", f"验证程序无法判定：{fault!r}")
        return Answer(check.number, check.name, Outcome.ERROR, Verdict.NO_VERDICT, (reason,))
    if case.subject_faults:
        reasons, verdicts, outcomes = zip(*case.subject_faults, strict=True)
        outcome = Outcome.FAIL if Outcome.FAIL in outcomes else Outcome.SKIPPED
        reasons = tuple(dict.fromkeys(reasons))
        return Answer(check.number, check.name, outcome, gravest(verdicts), reasons, is_of_subjects=True)
    return Answer(check.number, check.name, Outcome.PASS, Verdict.VALID)


def _stands(answer: Answer) -> bool:
    """A FAIL that leaves the facts standing (a subject that does not count, an old checkpoint) stops no later check."""
    return answer.is_of_subjects or (answer.outcome is Outcome.FAIL and not answer.verdict.is_refuted)


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
        *(Answer(check.number, check.name, Outcome.SKIPPED, Verdict.INVALID, (skipped,)) for check in CHECKS[1:]),
    )
    return replace(_without_checks(reason, trust_root), verdict=Verdict.INVALID, answers=answers, remarks=())


def _without_checks(reason: Said, trust_root: TrustRoot) -> Report:
    return Report(
        verdict=Verdict.NO_VERDICT,
        kind="",
        subject=(),
        verdicts={},
        answers=(),
        records=(),
        trust_root=trust_root.fingerprint.hex(),
        remarks=(reason,),
    )
