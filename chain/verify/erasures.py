"""Which sections that a bundle does not show are erased: by whom, when, under which rule. It changes no verdict.

Said by `audit.erasure` records of the bundle that count. One whose issuer may not by the rule that it names erases
nothing and is named; the owner's rule is asked of the consignments that the bundle shows of a record.
"""

from __future__ import annotations

from chain.encoding import Json
from chain.erasures import ERASURE_TYPE, KEPT_SECTIONS, ErasureText, Target, may_erase, read_erasure
from chain.standing import owner_of
from chain.verify.context import Case, time_text
from chain.verify.results import ErasedBy, Said, Standing
from chain.verify.words import field_word

_RULES = {
    "issuer": Said("as its issuer", "以签发者身份"),
    "owner": Said("as the company of the UCR", "以 UCR 所属企业身份"),
    "governor": Said("as a governor, by the retention policy", "以治理成员身份，依据保留策略"),
}


def erased_text(section: str, by: ErasedBy, lang: str) -> str:
    """Who had a section erased, when, by which rule and why, in a line."""
    rule = _RULES[by.rule].zh if lang == "zh" else _RULES[by.rule].en
    policy = f" {by.policy[:16]}" if by.policy else ""
    return f"{field_word(section, lang)}: {by.issuer}, {time_text(by.at)}, {rule}{policy}: {by.reason} ({by.record_id})"


def erased_members(standing: Standing) -> Json:
    """What is erased of a record, as the report's JSON has it, by section."""
    return {
        name: {
            "record_id": by.record_id,
            "issuer": by.issuer,
            "at": by.at,
            "rule": by.rule,
            "policy": by.policy or None,
            "reason": by.reason,
        }
        for name, by in standing.erased.items()
    }


def note_erasures(case: Case) -> None:
    """Notes at each record which of its sections are erased, by the first erasure in chain order that may."""
    standings = [case.standing(record) for record in case.in_chain_order]
    known = {standing.record_id: standing for standing in standings}
    for erasing in standings:
        if erasing.record_type != ERASURE_TYPE or erasing.not_counted is not None:
            continue
        text = next(map(read_erasure, erasing.sections.get("erasure", ())), None)
        for record_id, _ in () if text is None else text.erased:
            erased = known.get(record_id)
            if text is not None and erased is not None and not _note(erasing, text, erased):
                case.remarks.append(
                    Said(
                        f"record {erasing.record_id} says that sections of record {record_id} are erased, and its "
                        f"issuer may not erase them by the rule {text.rule}",
                        f"记录 {erasing.record_id} 称记录 {record_id} 的部分内容已删除，"
                        f"但其签发者无权按规则 {text.rule} 删除",
                    )
                )


def _note(erasing: Standing, text: ErasureText, erased: Standing) -> bool:
    """Whether the erasure may; then what is erased is noted."""
    target = Target(erased.record_id, erased.issuer, erased.record_type, frozenset(map(owner_of, erased.ucrs)))
    if not may_erase(text, erasing.issuer, target, is_governor=erasing.is_governors):
        return False
    by = ErasedBy(erasing.record_id, erasing.issuer, erasing.anchored_at, text.rule, text.policy, text.reason)
    for name in sorted(text.sections_of(erased.record_id) - KEPT_SECTIONS):
        if name in erased.withheld and name not in erased.sections:
            erased.erased.setdefault(name, by)
    return True
