"""Checks 6 to 11: each record was anchored, is its issuer's own, counted when it was anchored, and what came later."""

from __future__ import annotations

from chain.keys import PublicKey
from chain.members import (
    CONTEST_S,
    AddedBy,
    KeyState,
    KeyVersion,
    MemberKind,
    MemberState,
    MemberVersion,
    is_compromised_at,
)
from chain.proof import batch
from chain.proof.batch import BatchFacts
from chain.proof.bundle import ProvedEntry, ProvedRecord
from chain.proof.merkle import leaf_hash, verify_inclusion
from chain.proof.storage import MalformedProof
from chain.sdjwt import WITHHELD
from chain.standing import STANDING_SECTIONS
from chain.verify.checks_numbers import check_filed_number
from chain.verify.context import Case, Fails, NotShown, time_text, ucrs_of
from chain.verify.results import Said, Verdict

GOVERNORS_TYPES = frozenset({"audit.finding", "audit.disposition"})
"""Types that count from governors alone, whatever the record rules say of roles (design, section 4)."""


def check_inclusion(case: Case) -> None:
    """Each record's entries, computed from the record itself, stand in their batch."""
    for record in case.bundle.records:
        for one in record.entries:
            facts = case.bundle.batch_by_index[one.batch]
            leaf = leaf_hash(batch.entry(one.tag, record.entry_digest(one)))
            if not verify_inclusion(leaf, one.position, facts.count, one.path, facts.root):
                raise Fails(
                    f"record {record.signed.record_id} is not entry {one.position} of batch {facts.index}",
                    f"记录 {record.signed.record_id} 不是第 {facts.index} 批的第 {one.position} 条",
                )
    for record in case.bundle.records:
        case.standing(record).gateway_member = _gateway_member(case, case.batch_of(record))


def check_binding(case: Case) -> None:
    """Each entry rests on a disclosed `ucr` element of its record and stands in its issuer's lane of that UCR.

    In a consignment, one that does not is named with the gateway that filed it; one that withholds its UCR or whom it
    names opens no entry, as if it were not here. In a record bundle it is so of that record alone: a gateway that files
    one elsewhere spoils no other.
    """
    ucr, number = case.bundle.subject_ucr, case.bundle.subject_number
    for record in case.bundle.records:
        elements = ucrs_of(record.signed)
        if ucr is not None and _withholds(record, elements):
            case.standing(record).unread = True
            why = Said("it withholds its UCR or what standing rests on", "其 UCR 或相关成员所依据的内容未披露")
            case.drop(record, why)
            continue
        if ucr is not None:
            _note_misfiled(case, record, ucr)
            continue
        try:
            if number is not None:
                for entry in filter(lambda entry: entry.is_number, record.entries):
                    check_filed_number(case, record, entry, number)
                continue
            for entry in record.entries:
                _check_filed(case, record, entry, elements.get(entry.ucr_digest, ""))
        except (Fails, NotShown) as fault:
            # An entry of a number that opens to another is no use of it; one that withholds the number is not opened.
            case.standing(record).unread = number is None or isinstance(fault, NotShown)
            case.note_fault(record, fault)


def _withholds(record: ProvedRecord, elements: dict[bytes, str | None]) -> bool:
    """Whether a record of a consignment withholds what standing rests on: its entries' UCR, a name, a mandate."""
    disclosed = record.signed.disclosed()
    ucrs = [elements[entry.ucr_digest] for entry in record.entries if entry.ucr_digest in elements]
    withheld = {name for name, parts in disclosed.items() if any(value is WITHHELD for _, value in parts)}
    return None in ucrs or not withheld.isdisjoint(STANDING_SECTIONS)


def check_signatures(case: Case) -> None:
    """Each record is for this consortium and signed by the key it names.

    A gateway can anchor anything, so what is wrong with a record changes nothing for the others.
    """
    for record in case.bundle.records:
        signed = record.signed
        if signed.consortium != case.bundle.consortium.hex():
            case.drop(record, Said("it was signed for another consortium", "其签发对象为其他联盟"))
        if not signed.verify(case.bundle.key_by_kid[signed.kid]):
            case.drop(record, Said("its signature is wrong", "其签名不正确"))


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
            why = Said(f"its key is declared compromised since {since}", f"其密钥被声明自 {since} 起已泄露")
            case.drop(record, why, Verdict.COMPROMISED)
            continue
        if version is not None:
            _note_added_by(case, record, version.added_by)
        _note_role(case, record, block)
    _check_numbers(case)


def check_since(case: Case) -> None:
    """What became of key and member of a counted record by the header's block is named; a verdict over a subject alone.

    A key that was retired, and a member that left or lost its role, take nothing from what was said before.
    """
    for record in case.counted():
        standing = case.standing(record)
        key = case.words.keys[case.bundle.key_by_kid[record.signed.kid].thumbprint].newest
        member = case.words.members[record.signed.iss].newest
        contest_ended = _contest_ended(case, record)
        standing.since = (
            *_key_since(key, standing.anchored_at, contest_ended=contest_ended),
            *_member_since(case, record, member),
        )
        for why in standing.since:
            named = Said(f"record {standing.record_id}: {why.en}", f"记录 {standing.record_id}：{why.zh}")
            case.remarks.append(named)
        if key is not None and key.state is KeyState.REVOKED:
            why = Said(f"its key was revoked in block {key.since_block}", f"其密钥已于区块 {key.since_block} 撤销")
            case.find_against(record, why, Verdict.REVOKED_SINCE)
        if key is not None and _is_contested(key, standing.anchored_at) and not contest_ended:
            why = Said("its issuer asked to have its key declared compromised", "签发者已请求声明其密钥泄露")
            case.find_against(record, why, Verdict.CONTESTED)


def _is_contested(key: KeyVersion, anchored_at: int) -> bool:
    return key.contested and (key.compromised_since or 0) <= anchored_at


def _contest_ended(case: Case, record: ProvedRecord) -> bool:
    """Whether the member's request is shown to be older than a request stays open, so that it contests nothing more."""
    asked_at = case.words.requests.get(case.bundle.key_by_kid[record.signed.kid].thumbprint, 0)
    return asked_at != 0 and case.bundle.header.timestamp >= asked_at + CONTEST_S


def _key_since(key: KeyVersion | None, anchored_at: int, *, contest_ended: bool) -> tuple[Said, ...]:
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
    if _is_contested(key, anchored_at) and not contest_ended:
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
    if not member.roles & case.roles_for(record.signed.vct, case.batch_of(record).block):
        return (Said(f"its issuer lost the role in block {block}", f"签发者已于区块 {block} 失去该角色"),)
    return ()


def _check_filed(case: Case, record: ProvedRecord, entry: ProvedEntry, ucr: str | None) -> None:
    if ucr is None:
        raise NotShown("it withholds the UCR that its entry rests on", "未披露条目所依据的 UCR")
    if not ucr:
        raise Fails("it names no such consignment", "未提及该票货物")
    if case.stands_by_right(record, entry, ucr):
        return
    if not case.epochs_of(entry.batch) <= {group.epoch for group in case.groups_of(record.signed, ucr)}:
        raise NotShown(
            f"the lanes of {ucr}, which it names, are not all shown",
            f"其所述 {ucr} 的链道未全部出示",
            Verdict.ENTRIES_MISSING,
        )
    raise Fails(
        f"it is filed in another lane than its issuer's of {ucr}, or in an epoch that does not count for it",
        f"未归入其签发者在 {ucr} 下的链道，或所属时期不适用",
    )


def _note_misfiled(case: Case, record: ProvedRecord, ucr: str) -> None:
    """Names who filed which entries here; the record is dropped, unless another of its entries stands here by right."""
    name, elements = record.signed.record_id, ucrs_of(record.signed)
    reasons: dict[int, Said] = {}
    for entry in record.entries:
        facts = case.bundle.batch_by_index[entry.batch]
        if elements.get(entry.ucr_digest) != ucr:
            text = ("it was filed here by {} but does not name this UCR", "由 {} 归入此处，但未提及本 UCR")
        elif not case.stands_by_right(record, entry, ucr):
            text = (
                "{} filed it in another lane than its issuer's, or under a tag key that did not count then",
                "{} 未将其归入签发者的链道，或所用标签密钥当时不适用",
            )
        else:
            continue
        filed_by = _gateway_member(case, facts) or "0x" + facts.gateway.hex()
        reasons[entry.batch] = Said(*(part.format(filed_by) for part in text))
    for why in reasons.values():
        case.remarks.append(Said(f"record {name}: {why.en}", f"记录 {name}：{why.zh}"))
    if not any(
        elements.get(entry.ucr_digest) == ucr and case.stands_by_right(record, entry, ucr) for entry in record.entries
    ):
        case.drop(record, next(iter(reasons.values())))


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
    kind = record.signed.vct
    if kind in GOVERNORS_TYPES and member.kind is not MemberKind.GOVERNOR:
        return Said(f"its issuer was no governor, who alone may say {kind}", f"仅治理成员可出具 {kind}")
    if not member.roles & case.roles_for(kind, block):
        return Said(f"its issuer had no role that may say {record.signed.vct}", f"签发者无权出具 {record.signed.vct}")
    return None


def _note_role(case: Case, record: ProvedRecord, block: int) -> None:
    member = case.words.members[record.signed.iss].in_force(block)
    if member is not None:
        standing = case.standing(record)
        standing.allowed_by = member.roles & case.roles_for(record.signed.vct, block)
        standing.is_governors = member.kind is MemberKind.GOVERNOR


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
