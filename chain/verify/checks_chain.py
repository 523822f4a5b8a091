"""Checks 2 to 5 and 14: the chain, its seals, its contracts, the commitments and the checkpoint."""

from __future__ import annotations

from chain.errors import Malformed
from chain.members import PolicyName
from chain.proof.authorities import authority_log
from chain.proof.hashes import sha256
from chain.proof.seals import MalformedSeal, verify_seals
from chain.proof.slots import read_words
from chain.proof.storage import Account, MalformedProof, NodeSet, read_account
from chain.verify.context import Case, Fails, NotShown
from chain.verify.results import Said, Verdict
from chain.verify.trust_root import LEDGER, REGISTRY


def check_chain(case: Case) -> None:
    """The bundle names the trust root's chain and genesis, and its header lies in an accepted range."""
    bundle, root = case.bundle, case.trust_root
    if bundle.chain_id != root.chain_id or bundle.genesis_hash != root.genesis_hash:
        raise Fails("it names another chain than the trust root", "所指链与信任根不符")
    number = bundle.header.number
    validators = root.find_validators(number)
    if number == 0 or validators is None:
        raise Fails(f"the trust root knows no validators for block {number}", f"信任根未列出区块 {number} 的验证者")
    if not validators.accepted:
        raise Fails(
            f"the validators of block {number} are no longer accepted; ask for a refreshed bundle",
            f"区块 {number} 的验证者已不再被接受，请索取刷新后的证明包",
        )
    case.validators = validators.addresses


def check_seals(case: Case) -> None:
    """The header is sealed by exactly a quorum of the expected validators."""
    try:
        verify_seals(case.bundle.header, case.validators, exactly_quorum=True)
    except MalformedSeal as fault:
        raise Fails(
            f"block {case.bundle.header.number}: {fault}", f"区块 {case.bundle.header.number}：{fault}"
        ) from None


def check_contracts(case: Case) -> None:
    """Both contracts stand at their addresses with their code, and every storage word needed is proved, none spare."""
    try:
        nodes = NodeSet.of(case.bundle.nodes)
        registry, ledger = (_contract(case, name, nodes) for name in (REGISTRY, LEDGER))
        words = read_words(case.bundle.slot_request, registry, ledger, nodes)
    except Malformed as fault:
        raise Fails(f"the storage proof does not hold: {fault}", f"存储证明不成立：{fault}", Verdict.INVALID) from None
    if nodes.spare():
        raise Fails(f"{nodes.spare()} trie nodes serve no proof", f"有 {nodes.spare()} 个多余的树节点", Verdict.INVALID)
    case.words = words
    _check_texts(case)


def _check_texts(case: Case) -> None:
    """What the registry holds by its hash is here word for word, and nothing else."""
    newest = None if case.words.authorities is None else case.words.authorities.newest
    changes = case.bundle.authorities
    if changes is not None and authority_log(changes) != (bytes(32) if newest is None else newest.log):
        raise Fails("the list of authorities is not the registry's", "有权机构名单与登记册不符", Verdict.INVALID)
    history = case.words.policies[PolicyName.RECORD_RULES]
    try:
        in_force = [history.in_force(case.batch_of(record).block) for record in case.bundle.records]
    except MalformedProof:
        return  # which rules were in force is not shown: check 9 says so
    if not {sha256(text) for text in case.bundle.texts} <= {version.value for version in in_force if version}:
        raise Fails(
            "a text is none of the record rules in force then", "所附文本不是当时有效的记录规则", Verdict.INVALID
        )


def check_commitments(case: Case) -> None:
    """Each batch is the one that the ledger committed to at its index."""
    for facts in case.bundle.batches:
        stored = case.words.commitments[facts.index]
        if facts.index >= case.words.batch_count or stored == 0:
            raise Fails(f"the ledger has no batch {facts.index}", f"账本中没有第 {facts.index} 批")
        if stored != int.from_bytes(facts.commitment(case.bundle.consortium), "big"):
            raise Fails(
                f"batch {facts.index} is not what the ledger committed to", f"第 {facts.index} 批与账本承诺不符"
            )
        if facts.block > case.bundle.header.number:
            raise Fails(f"batch {facts.index} is later than the header", f"第 {facts.index} 批晚于区块头")


def check_checkpoint(case: Case) -> None:
    """The checkpoint was attested by enough governors, and none is later under this header."""
    words, root = case.words, case.trust_root
    if words.later_checkpoint:
        raise Fails("there is a later checkpoint under this header", "该区块头下存在更晚的检查点")
    if case.bundle.checkpoint is None:
        raise NotShown("there is no checkpoint yet", "尚无检查点", Verdict.NOT_COVERED)
    word = words.checkpoint
    if word is None:
        raise Fails(f"there is no checkpoint {case.bundle.checkpoint}", f"检查点 {case.bundle.checkpoint} 不存在")
    least = max(root.least_votes, _least_votes(case, word.since_block))
    if word.votes < least:
        raise Fails(
            f"{word.votes} governors attested, {least} are needed",
            f"仅 {word.votes} 个治理成员作证，至少需要 {least} 个",
        )
    if word.since_block > case.bundle.header.number or word.batch_count > words.batch_count:
        raise Fails("the checkpoint is ahead of the ledger", "检查点超前于账本")
    if word.dissent:
        case.remarks.append(
            Said(
                f"{word.dissent} governors attested to another root at this checkpoint",
                f"有 {word.dissent} 个治理成员在此检查点作证了不同的根",
            )
        )
    _check_spare_batch(case, word.batch_count)
    if words.batch_count > word.batch_count:
        later = words.batch_count - word.batch_count
        case.remarks.append(
            Said(
                f"the newest {later} batches under this header are not covered by the checkpoint yet",
                f"该区块头下最新的 {later} 批尚未被检查点涵盖",
            )
        )
    case.covered_until = _covered_until(case, word.batch_count)
    as_of = case.question.as_of
    if as_of is not None and case.covered_until < as_of:
        raise Fails(
            f"everything up to block {case.covered_until} is shown to be covered, block {as_of} was asked for",
            f"仅能证明截至区块 {case.covered_until} 的内容均被涵盖，而所要求的是区块 {as_of}",
            Verdict.NOT_COVERED,
        )


def _least_votes(case: Case, block: int) -> int:
    """How many votes the registry demanded for a block; 0 where it said nothing."""
    try:
        version = case.words.policies[PolicyName.LEAST_VOTES].in_force(block)
    except MalformedProof as fault:
        raise NotShown(f"the least votes: {fault}", f"最低票数：{fault}") from None
    return 0 if version is None else version.number


def _check_spare_batch(case: Case, covered_batches: int) -> None:
    """A batch that no entry stands in tells the block of the first uncovered one, or how old an unopened entry is."""
    used = {entry.batch for record in case.bundle.records for entry in record.entries} | case.bundle.unopened_batches
    for facts in case.bundle.batches:
        if facts.index not in used and facts.index != covered_batches:
            raise Fails(f"batch {facts.index} serves nothing", f"第 {facts.index} 批无任何用途")


def _covered_until(case: Case, covered_batches: int) -> int:
    """The last block of which it is shown that everything anchored up to it is covered.

    Not the block in which the checkpoint was reached: votes come later than the batches they are about, and what was
    anchored meanwhile is not covered.
    """
    if case.words.batch_count == covered_batches:
        return case.bundle.header.number
    if (first_uncovered := case.bundle.batch_by_index.get(covered_batches)) is not None:
        return first_uncovered.block - 1
    # One block may hold several batches, the covered ones first.
    return max((facts.block - 1 for facts in case.bundle.batches if facts.index < covered_batches), default=0)


def _contract(case: Case, name: str, nodes: NodeSet) -> Account:
    expected = case.trust_root.find_contract(name, case.bundle.header.number)
    if expected is None:
        raise Fails(f"the trust root names no {name} for this block", f"信任根未列出该区块的 {name}")
    account = read_account(case.bundle.header.state_root, expected.address, nodes)
    if account is None:
        raise Fails(f"no {name} stands at its address", f"{name} 的地址上没有合约")
    if account.code_hash != expected.code_hash:
        raise Fails(f"the code of {name} is not the trust root's", f"{name} 的代码与信任根不符")
    return account
