"""Check 19: what governors found follows from what they say they looked at. It speaks of its signers, not of facts.

In a consignment it changes no verdict: a false finding must not spoil what others said. Only a bundle that is about one
finding gets that finding's verdict.
"""

from __future__ import annotations

from chain.verify.context import Case, Fails, NotShown
from chain.verify.results import FINDING_TYPE, FindingStanding, ReplayOutcome, Said, Verdict

FINDINGS_RUN_MAX = 64
"""Findings of a consignment that are run again; who wants another asks for the bundle of that finding."""
_VERDICTS = {
    ReplayOutcome.DOES_NOT_FOLLOW: Verdict.INVALID,
    ReplayOutcome.WITHDRAWN: Verdict.WITHDRAWN,
    ReplayOutcome.AMENDED: Verdict.AMENDED,
}


def check_findings(case: Case) -> None:
    """Each finding that stands, and that can be run again, follows from its snapshot."""
    subject = case.bundle.subject_finding
    names = [record.signed.record_id for record in case.in_chain_order if record.signed.vct == FINDING_TYPE]
    if not case.is_consignment or not names:
        raise NotShown("no finding is shown with its consignment", "未出示附带整票货物的差异发现", Verdict.VALID)
    # Rules are read where there is a finding: most bundles have none.
    from chain.verify.finding_replay import FindingReplay

    replay = FindingReplay(case.bundle, case.standings)
    asked = names[:FINDINGS_RUN_MAX] if subject is None else [subject]
    case.findings = [replay.run(name) for name in asked]
    for finding in case.findings:
        if finding.follows_now is False:
            case.remarks.append(
                _remark(finding, "on all that is shown it no longer follows", "按全部所示内容已不再成立")
            )
    if len(names) > len(asked) and subject is None:
        _remark_unasked(case, len(names) - len(asked))
    if subject is None:
        _answer_for_all(case.findings)
    else:
        _answer_for_subject(case, case.findings[0])


def _answer_for_subject(case: Case, finding: FindingStanding) -> None:
    why, outcome = finding.why, finding.outcome
    if outcome in _VERDICTS:
        raise Fails(why.en, why.zh, _VERDICTS[outcome])
    if outcome is ReplayOutcome.OPINION:
        case.remarks.append(why)
        raise NotShown(why.en, why.zh, Verdict.VALID)
    if outcome is not ReplayOutcome.FOLLOWS:
        raise NotShown(why.en, why.zh)


def _answer_for_all(findings: list[FindingStanding]) -> None:
    for outcome, end in ((ReplayOutcome.DOES_NOT_FOLLOW, Fails), (ReplayOutcome.CANNOT_TELL, NotShown)):
        first = next((finding for finding in findings if finding.outcome is outcome), None)
        if first is not None:
            reason = _remark(first, first.why.en, first.why.zh)
            raise end(reason.en, reason.zh, Verdict.VALID)
    if not any(finding.outcome is ReplayOutcome.FOLLOWS for finding in findings):
        raise NotShown(
            f"none of {len(findings)} findings stands and can be run again",
            f"{len(findings)} 项差异发现均已撤回、更正或无法重新运行",
            Verdict.VALID,
        )


def _remark(finding: FindingStanding, en: str, zh: str) -> Said:
    return Said(
        f"finding {finding.record} ({finding.rule}): {en}", f"差异发现 {finding.record}（{finding.rule}）：{zh}"
    )


def _remark_unasked(case: Case, count: int) -> None:
    case.remarks.append(
        Said(
            f"{count} findings more than {FINDINGS_RUN_MAX} were not run again: ask for the bundle of each",
            f"另有 {count} 项差异发现超过 {FINDINGS_RUN_MAX} 项上限，未重新运行：请逐项索取证明包",
        )
    )
