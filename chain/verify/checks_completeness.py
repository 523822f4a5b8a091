"""Checks 12 and 13: tags belong to the UCR, and heads equal the chains of entries shown."""

from __future__ import annotations

from chain.proof.batch import access_tag, tag
from chain.proof.bundle import ProvedEntry, ProvedHead, ProvedRecord
from chain.sdjwt import ACCESS_TYPE
from chain.verify.context import Case, Fails, NotShown, ucrs_of


def check_tags(case: Case) -> None:
    """With the tag keys: every tag is the UCR's own, and a consignment shows one head or absence for each epoch."""
    keys = case.trust_root.tag_keys
    if keys is None:
        raise NotShown("the trust root holds no tag keys (public edition)", "信任根不含标签密钥（公开版）")
    if not case.is_consignment:
        for record in case.bundle.records:
            _check_record_tags(case, record, [one.key for one in keys])
        return
    word, ucr = case.words.checkpoint, case.bundle.subject_ucr or ""
    if word is None:
        raise NotShown("without a checkpoint no head is known", "没有检查点，无法得知链头")
    due = {tag(one.key, ucr) for one in keys if one.from_batch < word.batch_count}
    given = set(case.bundle.head_by_tag)
    if given - due:
        raise Fails(
            "a head belongs to another consignment, or to an epoch that this trust root does not know",
            "链头属于另一票货物，或属于本信任根未载的标签密钥时期",
        )
    if due - given:
        raise NotShown(
            f"{len(due - given)} of {len(due)} epochs are not shown",
            f"{len(due)} 个时期中有 {len(due - given)} 个未出示",
        )


def check_heads(case: Case) -> None:
    """Each chain of entries has the head that the attested map holds; every shown record stands in it, in its batch."""
    word = case.words.checkpoint
    if word is None:
        raise NotShown("there is no checkpoint", "没有检查点")
    for head in case.bundle.heads:
        if not case.head_holds(head):
            raise Fails(
                f"the chain of entries of tag {head.tag.hex()} is not what was attested",
                f"标签 {head.tag.hex()} 的条目链与作证内容不符",
            )
    opened: dict[tuple[bytes, bytes], tuple[int, int]] = {}
    for record in case.bundle.records:
        for one in record.entries:
            opened[one.tag, record.entry_digest(one)] = (one.batch, one.position)
            _check_covered(case, record, one, word.batch_count)
    for head in case.bundle.heads:
        _check_order(head, opened)
    if case.is_consignment:
        unopened = sum((head.tag, one.digest) not in opened for head in case.bundle.heads for one in head.entries)
        if unopened:
            raise NotShown(f"{unopened} entries are without their records", f"有 {unopened} 条缺少对应记录")
        if not case.bundle.heads:
            raise NotShown("no head is shown", "未出示链头")


def _check_record_tags(case: Case, record: ProvedRecord, keys: list[bytes]) -> None:
    make = access_tag if record.signed.vct == ACCESS_TYPE else tag
    ucrs = ucrs_of(record.signed)
    for one in record.entries:
        ucr = ucrs.get(one.ucr_digest)
        if not ucr:
            raise NotShown("a UCR is withheld, or is none", "有 UCR 未披露或不是 UCR")
        if one.tag not in {make(key, ucr) for key in keys}:
            raise Fails(
                f"record {record.signed.record_id} is filed under another consignment's tag, or in an epoch that this "
                "trust root does not know",
                f"记录 {record.signed.record_id} 被归入另一票货物的标签，或属于本信任根未载的标签密钥时期",
            )
        if case.is_early(one.tag, one.batch, ucr):
            raise Fails(
                f"record {record.signed.record_id} is filed under a tag whose epoch had not begun",
                f"记录 {record.signed.record_id} 被归入尚未启用时期的标签",
            )


def _check_covered(case: Case, record: ProvedRecord, entry: ProvedEntry, covered_batches: int) -> None:
    """One entry is in an attested chain, in the batch that the chain names: where it first stood, and not void."""
    name = record.signed.record_id
    head = case.bundle.head_by_tag.get(entry.tag)
    first = None if head is None else head.batch_by_digest.get(record.entry_digest(entry))
    if first is not None and first != entry.batch:
        raise Fails(
            f"record {name} is shown in batch {entry.batch}, but what was attested has it in batch {first}",
            f"记录 {name} 出示于第 {entry.batch} 批，而作证内容中在第 {first} 批",
        )
    if entry.batch >= covered_batches:
        if first is not None:
            raise Fails(f"record {name} is in a head older than its batch", f"记录 {name} 出现在早于其批次的链头中")
        raise NotShown(f"record {name} is anchored but not covered yet", f"记录 {name} 已上链但尚未被检查点涵盖")
    if head is None:
        if case.is_consignment:
            raise Fails(f"record {name} belongs to none of the heads", f"记录 {name} 不属于任何链头")
        raise NotShown(f"no head is shown for record {name}", f"未出示记录 {name} 的链头")
    if first is None:
        raise Fails(f"no attested head holds record {name}", f"没有经作证的链头包含记录 {name}")


def _check_order(head: ProvedHead, opened: dict[tuple[bytes, bytes], tuple[int, int]]) -> None:
    """Entries that are opened stand in the chain as they stand in their batches."""
    places = [opened[head.tag, one.digest] for one in head.entries if (head.tag, one.digest) in opened]
    if places != sorted(set(places)):
        raise Fails("a chain's entries are not in the ledger's order", "摘要链的次序与账本不符")
