"""The minutes of a founding: one page in Markdown, for the file of each organisation."""

from __future__ import annotations

from chain.members import NUMBER_POLICIES, Role
from chain.verify.trust_root import spoken_fingerprint
from scripts.foundation.card import card_fingerprint
from scripts.foundation.check import Examination
from scripts.foundation.plan import Founded, Plan


def format_minutes(plan: Plan, founded: Founded, examination: Examination, approved: list[str]) -> str:
    """Who takes part, what was agreed, where it stands, and the fingerprints to compare by telephone."""
    root = examination.trust_root
    lines = [
        "# Minutes of the founding 创建记录",
        "",
        f"- Consortium 联盟: `{plan.content.consortium}`",
        f"- Plan 方案: {spoken_fingerprint(bytes.fromhex(plan.digest))}",
        f"- **Trust root fingerprint 信任根指纹: {root.short_fingerprint}**",
        f"- Chain 链: id {plan.content.chain_id}, block 0 `{plan.content.genesis_hash}`",
        f"- Contracts 合约: MemberRegistry `{founded.registry}`, RecordLedger `{founded.ledger}`",
        f"- Votes 表决: {plan.content.threshold} of {len(plan.governors)}; of a checkpoint {plan.least_votes}",
        f"- Keys of validators lie with different organisations 验证节点独立: {_yes(root.independent_validators)}",
        f"- Keys of attesters lie with different organisations 见证独立: {_yes(root.independent_attesters)}",
        "",
        "| member 成员 | USCC | roles 角色 | sponsor 保荐 | card 名片指纹 | approved 批准 |",
        "|---|---|---|---|---|---|",
    ]
    texts = {member.uscc: planned.card for member, planned in zip(plan.members, plan.content.members, strict=True)}
    for member in plan.members:
        sponsor = plan.find_member(member.sponsor) if member.sponsor else None
        fingerprint = spoken_fingerprint(card_fingerprint(texts[member.uscc]))
        lines.append(
            f"| {member.card.name} ({member.card.slug}) | {member.uscc} | {_role_names(member.roles)} | "
            f"{sponsor.card.slug if sponsor else 'governs 治理'} | {fingerprint} | "
            f"{'yes 是' if member.card.slug in approved else '-'} |"
        )
    lines += ["", "| policy 政策 | value 值 |", "|---|---|"]
    for name, value in sorted(plan.content.policies.items()):
        lines.append(f"| {name} | `{int(value, 16) if name in NUMBER_POLICIES else value}` |")
    lines += ["", *_state(examination), ""]
    return "\n".join(lines)


def _state(examination: Examination) -> list[str]:
    if examination.differences:
        return ["**Differs from the plan 与方案不符:**", "", *(f"- {text}" for text in examination.differences)]
    if examination.open_steps:
        return ["Still open 未完成:", "", *(f"- {step.words}" for step in examination.open_steps)]
    return ["The chain is as planned, and nothing is open. 链上与方案一致，无未完成事项。"]


def _role_names(roles: Role) -> str:
    return ",".join(str(role.name) for role in Role if role in roles)


def _yes(flag: bool) -> str:
    return "yes 是" if flag else "no 否"
