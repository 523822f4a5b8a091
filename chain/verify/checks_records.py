"""Checks 6 to 11: each record was anchored, is its issuer's own, counted when it was anchored, and what came later."""

from __future__ import annotations

from chain.keys import PublicKey
from chain.members import (
    AddedBy,
    KeyState,
    KeyVersion,
    MemberKind,
    MemberState,
    MemberVersion,
    Role,
    is_compromised_at,
)
from chain.proof.batch import BatchFacts, entry
from chain.proof.bundle import ProvedRecord
from chain.proof.merkle import leaf_hash, verify_inclusion
from chain.proof.storage import MalformedProof
from chain.verify.context import Case, Fails, NotShown, time_text, ucrs_of
from chain.verify.results import Said, Verdict

FINDING_TYPE = "audit.finding"
"""The one record type that the record rules leave to every role, but only of a governor (design, section 4)."""


def check_inclusion(case: Case) -> None:
    """Each record's entries, computed from the record itself, stand in their batch."""
    for record in case.bundle.records:
        for one in record.entries:
            facts = case.bundle.batch_by_index[one.batch]
            leaf = leaf_hash(entry(one.tag, record.entry_digest(one)))
            if not verify_inclusion(leaf, one.position, facts.count, one.path, facts.root):
                raise Fails(
                    f"record {record.signed.record_id} is not entry {one.position} of batch {facts.index}",
                    f"记录 {record.signed.record_id} 不是第 {facts.index} 批的第 {one.position} 条",
                )
        case.standing(record).gateway_member = _gateway_member(case, case.batch_of(record))


def check_binding(case: Case) -> None:
    """Each entry rests on a disclosed `ucr` element of its record; in a consignment, on its UCR or it is misfiled."""
    ucr = case.bundle.subject_ucr
    for record in case.bundle.records:
        elements = ucrs_of(record.signed)
        for one in record.entries:
            said = elements.get(one.ucr_digest)
            if one.ucr_digest in elements and said is None:
                raise NotShown(
                    f"record {record.signed.record_id} withholds the UCR that its entry rests on",
                    f"记录 {record.signed.record_id} 未披露条目所依据的 UCR",
                )
            if not case.is_consignment and not said:
                raise Fails(
                    f"record {record.signed.record_id} names no such consignment",
                    f"记录 {record.signed.record_id} 未提及该票货物",
                )
        if ucr is not None:
            _note_misfiled(case, record, ucr)


def check_signatures(case: Case) -> None:
    """Each record is for this consortium and signed by the key it names."""
    for record in case.bundle.records:
        signed = record.signed
        if signed.consortium != case.bundle.consortium.hex():
            case.drop(record, Said("it was signed for another consortium", "其签发对象为其他联盟"))
        if not signed.verify(case.bundle.key_by_kid[signed.kid]):
            raise Fails(f"the signature of record {signed.record_id} is wrong", f"记录 {signed.record_id} 的签名不正确")


def check_in_force(case: Case) -> None:
    """Each record's key and member were in force for its block, with the role; each number counts once."""
    for record in case.counted():
        # What was misfiled does not count anyway: a leaked key of a stranger must not spoil the consignment.
        name, block = record.signed.record_id, case.batch_of(record).block
        key = case.bundle.key_by_kid[record.signed.kid]
        history = case.words.keys[key.thumbprint]
        try:
            version = history.in_force(block)
            refusal = _key_refusal(record, key, version, block) or _member_refusal(case, record, block)
        except MalformedProof as fault:
            raise NotShown(f"record {name}: {fault}", f"记录 {name}：{fault}") from None
        if refusal is not None:
            case.drop(record, refusal)
            continue
        newest = history.newest
        if newest is not None and is_compromised_at(newest, case.batch_of(record).timestamp):
            since = time_text(newest.compromised_since or 0)
            case.drop(
                record,
                Said(f"its key is declared compromised since {since}", f"其密钥被声明自 {since} 起已泄露"),
            )
            continue
        if version is not None:
            _note_added_by(case, record, version.added_by)
    _check_numbers(case)


def check_since(case: Case) -> None:
    """No subject's key was revoked by the header's block; whatever else became of keys and members is named.

    A key that was retired, and a member that left or lost its role, take nothing from what was said before.
    """
    revoked: list[Said] = []
    for record in case.counted():
        standing = case.standing(record)
        key = case.words.keys[case.bundle.key_by_kid[record.signed.kid].thumbprint].newest
        member = case.words.members[record.signed.iss].newest
        standing.since = (*_key_since(key, standing.anchored_at), *_member_since(case, record, member))
        named = [
            Said(f"record {standing.record_id}: {why.en}", f"记录 {standing.record_id}：{why.zh}")
            for why in standing.since
        ]
        if key is not None and key.state is KeyState.REVOKED and case.is_subject(record):
            revoked += named
        else:
            case.remarks += named
    if revoked:
        raise Fails("; ".join(why.en for why in revoked), "；".join(why.zh for why in revoked), Verdict.REVOKED_SINCE)


def _key_since(key: KeyVersion | None, anchored_at: int) -> tuple[Said, ...]:
    """What became of a counted record's key, where a reader should know; ordinary rotation is nothing to tell."""
    if key is None:
        return ()
    since = time_text(key.compromised_since or 0)
    if key.state is KeyState.COMPROMISED:
        return (
            Said(
                f"its key is declared compromised since {since}, later than the record",
                f"其密钥被声明自 {since} 起已泄露，晚于本记录",
            ),
        )
    found: tuple[Said, ...] = ()
    if key.state is KeyState.REVOKED:
        found += (Said(f"its key was revoked in block {key.since_block}", f"其密钥已于区块 {key.since_block} 撤销"),)
    if key.contested and (key.compromised_since or 0) <= anchored_at:
        found += (
            Said(
                f"contested: its issuer asked the governors to declare its key compromised since {since}",
                f"存在争议：签发者已请求治理成员声明其密钥自 {since} 起泄露",
            ),
        )
    return found


def _member_since(case: Case, record: ProvedRecord, member: MemberVersion | None) -> tuple[Said, ...]:
    if member is None:
        return ()
    block = member.since_block
    if member.state is not MemberState.ACTIVE:
        state, zh = member.state.name.lower(), _STATE_ZH[member.state]
        return (Said(f"its issuer is {state} since block {block}", f"签发者自区块 {block} 起被{zh}"),)
    if not member.roles & case.trust_root.record_rules.get(record.signed.vct, Role(0)):
        return (Said(f"its issuer lost the role in block {block}", f"签发者已于区块 {block} 失去该角色"),)
    return ()


def check_amendments(case: Case) -> None:
    """No subject is replaced by a newer record of its issuer; in a consignment the newest ones are marked."""
    replaced_by = _replacements(case)
    for record_id, standing in case.standings.items():
        standing.amended_by = _newest(record_id, replaced_by)
    if case.is_consignment:
        return
    amended = [one for one in case.bundle.subject_records if one in replaced_by]
    if amended:
        newest = case.standings[amended[0]].amended_by
        raise Fails(
            f"record {amended[0]} was amended; the newest is {newest}",
            f"记录 {amended[0]} 已被更正，最新为 {newest}",
            Verdict.AMENDED,
        )
    if unopened := _unopened(case):
        raise NotShown(
            f"{unopened} other entries of the consignment are not opened, one may amend it; a consignment bundle tells",
            f"该票货物另有 {unopened} 条未展开，其中可能有更正；可索取整票证明包",
        )
    if elsewhere := sum(_elsewhere(record) for record in case.bundle.records if case.is_subject(record)):
        raise NotShown(
            f"{elsewhere} other consignments that it names are not shown, a record there may amend it",
            f"其提及的另外 {elsewhere} 票货物未出示，其中可能有更正",
        )


def _replacements(case: Case) -> dict[str, str]:
    """Which record each one is replaced by, as far as shown: the last that its own issuer said of the same type."""
    replaced_by: dict[str, str] = {}
    signed = {record.signed.record_id: record.signed for record in case.bundle.records}
    for record in case.counted():
        amends = record.signed.amends
        if amends is None or amends not in signed:
            continue
        name = record.signed.record_id
        if (signed[amends].iss, signed[amends].vct) != (record.signed.iss, record.signed.vct):
            case.remarks.append(
                Said(
                    f"record {name} claims to amend another member's record, or one of another type; "
                    "that does not count",
                    f"记录 {name} 声称更正其他成员或其他类型的记录，不予计入",
                )
            )
            continue
        if (other := replaced_by.get(amends)) is not None:
            case.remarks.append(
                Said(
                    f"records {other} and {name} both amend {amends}; the later is taken for the newest",
                    f"记录 {other} 与 {name} 均更正 {amends}，以较晚者为最新",
                )
            )
        replaced_by[amends] = name
    if case.is_consignment and (many := sum(_elsewhere(record) > 0 for record in case.counted())):
        case.remarks.append(
            Said(
                f"{many} of the records name other consignments too; what amends them there alone does not show here",
                f"有 {many} 条记录同时提及其他货物；仅归入那些货物的更正在此不可见",
            )
        )
    return replaced_by


def _elsewhere(record: ProvedRecord) -> int:
    """How many consignments a record names under which no entry of it is shown."""
    return len(set(record.signed.sections["ucr"]) - {one.ucr_digest for one in record.entries})


def _unopened(case: Case) -> int:
    opened = {(one.tag, record.entry_digest(one)) for record in case.bundle.records for one in record.entries}
    return sum((head.tag, one.digest) not in opened for head in case.bundle.heads for one in head.entries)


def _newest(record_id: str, replaced_by: dict[str, str]) -> str | None:
    """The end of the chain of amendments; a ring ends where it closes (a record id is a hash, so none can be made)."""
    newest, seen = None, {record_id}
    while (following := replaced_by.get(newest or record_id)) is not None and following not in seen:
        seen.add(following)
        newest = following
    return newest


def _note_misfiled(case: Case, record: ProvedRecord, ucr: str) -> None:
    """Names who filed which entries here; the record is dropped, unless another of its entries stands here by right."""
    name, elements = record.signed.record_id, ucrs_of(record.signed)
    whys: dict[int, Said] = {}
    misfiled = 0
    for one in record.entries:
        facts = case.bundle.batch_by_index[one.batch]
        if elements.get(one.ucr_digest) != ucr:
            said = ("it was filed here by {} but does not name this UCR", "由 {} 归入此处，但未提及本 UCR")
        elif case.is_early(one.tag, one.batch, ucr):
            said = ("{} filed it under a tag whose epoch had not begun", "{} 将其归入尚未启用时期的标签")
        else:
            continue
        misfiled += 1
        who = _gateway_member(case, facts) or "0x" + facts.gateway.hex()
        whys[one.batch] = Said(*(text.format(who) for text in said))
    for why in whys.values():
        case.remarks.append(Said(f"record {name}: {why.en}", f"记录 {name}：{why.zh}"))
    if misfiled == len(record.entries):
        case.drop(record, next(iter(whys.values())))


def _check_numbers(case: Case) -> None:
    """(issuer, jti) counts once, the first in chain order. What does not count uses up none, or strangers could."""
    first: dict[tuple[str, str], str] = {}
    for record in case.counted():
        signed = record.signed
        earlier = first.setdefault((signed.iss, signed.jti), signed.record_id)
        if earlier != signed.record_id:
            why = Said(
                f"its issuer's number {signed.jti} belongs to record {earlier} already",
                f"签发者编号 {signed.jti} 已属于记录 {earlier}",
            )
            case.remarks.append(Said(f"record {signed.record_id}: {why.en}", f"记录 {signed.record_id}：{why.zh}"))
            case.drop(record, why)


def _gateway_member(case: Case, facts: BatchFacts) -> str | None:
    try:
        account = case.words.accounts[facts.gateway].in_force(facts.block)
    except MalformedProof as fault:
        raise NotShown(f"the gateway of batch {facts.index}: {fault}", f"第 {facts.index} 批的网关：{fault}") from None
    return None if account is None else account.member


def _key_refusal(record: ProvedRecord, key: PublicKey, version: KeyVersion | None, block: int) -> Said | None:
    if version is None or version.member != record.signed.iss:
        return Said(
            f"its key was not registered for {record.signed.iss} before block {block}",
            f"区块 {block} 之前其密钥未登记在 {record.signed.iss} 名下",
        )
    if version.state is not KeyState.ACTIVE:
        return Said(
            f"its key was {version.state.name.lower()} in block {version.since_block}, before block {block}",
            f"其密钥已于区块 {version.since_block} {_KEY_STATE_ZH[version.state]}，早于区块 {block}",
        )
    if version.algorithm is not key.algorithm:
        return Said("its key is registered for another algorithm", "其密钥登记的算法不同")
    return None


def _member_refusal(case: Case, record: ProvedRecord, block: int) -> Said | None:
    member = case.words.members[record.signed.iss].in_force(block)
    if member is None:
        return Said(f"its issuer was no member before block {block}", f"区块 {block} 之前签发者不是成员")
    if member.state is not MemberState.ACTIVE:
        return Said(
            f"its issuer was {member.state.name.lower()} since block {member.since_block}",
            f"签发者自区块 {member.since_block} 起被{_STATE_ZH[member.state]}",
        )
    if record.signed.vct == FINDING_TYPE and member.kind is not MemberKind.GOVERNOR:
        return Said(f"its issuer was no governor, who alone may say {FINDING_TYPE}", f"仅治理成员可出具 {FINDING_TYPE}")
    if not member.roles & case.trust_root.record_rules.get(record.signed.vct, Role(0)):
        return Said(f"its issuer had no role that may say {record.signed.vct}", f"签发者无权出具 {record.signed.vct}")
    return None


def _note_added_by(case: Case, record: ProvedRecord, added_by: AddedBy) -> None:
    case.standing(record).added_by = added_by
    if added_by is not AddedBy.MEMBER:
        who_en, who_zh = _ADDED_BY[added_by]
        case.remarks.append(
            Said(
                f"record {record.signed.record_id}: its key was put into the registry by {who_en}, not by the member",
                f"记录 {record.signed.record_id}：其密钥由{who_zh}登记，而非成员本身",
            )
        )


_KEY_STATE_ZH = {
    KeyState.ACTIVE: "启用",
    KeyState.RETIRED: "停用",
    KeyState.REVOKED: "撤销",
    KeyState.COMPROMISED: "声明泄露",
}
_STATE_ZH = {MemberState.ACTIVE: "启用", MemberState.SUSPENDED: "暂停", MemberState.EXPELLED: "除名"}
_ADDED_BY = {AddedBy.SPONSOR: ("its sponsor", "其担保成员"), AddedBy.GOVERNORS: ("the governors' vote", "治理成员投票")}
