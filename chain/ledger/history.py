"""What the contracts' events tell, in chain order: batches with their entries, attestations, members, keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chain.keys import MalformedKey, PublicKey
from chain.ledger.abi import Event, decode_call, decode_event, event_topic
from chain.ledger.endpoint import parse_bytes, parse_hex, parse_object, parse_quantity
from chain.ledger.faults import BatchMissing, MalformedAnswer
from chain.ledger.reader import ChainReader
from chain.ledger.types import (
    AnchoredBatch,
    Attestation,
    Drop,
    DropVote,
    ProfileVersion,
    RegisteredKey,
    RegisteredMember,
    VotedFacts,
)
from chain.members import (
    AddedBy,
    AssignmentVersion,
    KeyAlgorithm,
    KeyState,
    KeyVersion,
    MemberKind,
    MemberState,
    MemberVersion,
    OperatorVersion,
    PolicyVersion,
    Role,
    TagKeyVersion,
    parse_text,
)
from chain.proof.authorities import AuthorityChange
from chain.proof.batch import BatchFacts
from chain.proof.hashes import keccak256
from contracts import ContractName

_BLOCK = "eth_getBlockByNumber"


def read_batches(chain: ChainReader, first: int, from_block: int, to_block: int) -> Iterator[AnchoredBatch]:
    """The batches from index `first` on that stand in these blocks, in order.

    Each one's commitment is derived anew from its transaction and its block and fits the event's, else MalformedAnswer;
    BatchMissing where an index is skipped.
    """
    expected = first
    block: Mapping[str, Any] = {}
    for event in _events(chain, "RecordLedger", ["Anchored"], from_block, to_block):
        index = event.values["index"]
        if index < first:
            continue
        if index != expected:
            raise BatchMissing(expected, index)
        if not block or parse_quantity(block.get("number"), _BLOCK) != event.log.block:
            block = chain.block_with_transactions(event.log.block)
        yield _batch(chain, event, block)
        expected += 1


def _batch(chain: ChainReader, event: Event, block: Mapping[str, Any]) -> AnchoredBatch:
    transaction = _find_transaction(block, event.log.tx_hash)
    said = transaction.get("input") or transaction.get("data")
    root, count, entries = decode_call("RecordLedger", "anchor", parse_bytes(said, _BLOCK))
    gateway = parse_hex(transaction.get("from"), _BLOCK, 20)
    facts = BatchFacts(
        index=event.values["index"],
        root=root,
        count=count,
        entries_hash=keccak256(entries),
        gateway=bytes.fromhex(gateway[2:]),
        block=event.log.block,
        timestamp=parse_quantity(block.get("timestamp"), _BLOCK),
    )
    commitment = facts.commitment(chain.consortium)
    if commitment != event.values["commitment"]:
        raise MalformedAnswer(_BLOCK, f"the entries of batch {facts.index} do not fit its commitment")
    return AnchoredBatch(
        index=facts.index,
        root=root,
        count=count,
        entries=entries,
        gateway=gateway,
        block=facts.block,
        timestamp=facts.timestamp,
        tx_hash=event.log.tx_hash,
        batch_id=facts.batch_id(),
        commitment=commitment,
    )


def attestations_above(chain: ChainReader, batch_count: int, head: int) -> list[Attestation]:
    """Every attestation for a count above `batch_count`, in chain order."""
    # Nobody could attest to a batch before the block that anchored it, so the search begins there.
    index_topic = f"0x{batch_count:064x}"
    anchored = list(chain.logs("RecordLedger", [_topic("RecordLedger", "Anchored"), index_topic], 0, head))
    if not anchored:
        return []
    return [
        Attestation(
            e.values["batch_count"], e.values["index_root"], e.values["governor"], e.log.block, e.values["round"]
        )
        for e in _events(chain, "RecordLedger", ["Attested"], anchored[0].block, head)
        if e.values["batch_count"] > batch_count
    ]


def read_members(chain: ChainReader, from_block: int, to_block: int) -> dict[str, RegisteredMember]:
    """Every member that these blocks' events tell of, by USCC, with all its versions."""
    versions: dict[str, list[MemberVersion]] = defaultdict(list)
    profiles: dict[str, list[ProfileVersion]] = defaultdict(list)
    for event in _events(chain, "MemberRegistry", [], from_block, to_block):
        values, block = event.values, event.log.block
        if event.name == "ProfileChanged":
            profile = ProfileVersion(block, values["name_hash"], values["customs_code"] or None)
            profiles[values["member"]].append(profile)
        elif event.name in ("MemberAdmitted", "MemberChanged"):
            state = MemberState(values.get("state", MemberState.ACTIVE))
            versions[values["member"]].append(
                MemberVersion(
                    block, state, MemberKind(values["kind"]), Role(values["roles"]), values["sponsor"] or None
                )
            )
    return {uscc: RegisteredMember(uscc, tuple(said), tuple(profiles[uscc])) for uscc, said in versions.items()}


def read_keys(chain: ChainReader, from_block: int, to_block: int) -> dict[bytes, RegisteredKey]:
    """Every key that these blocks' events tell of, by thumbprint, with all its versions.

    A key whose bytes are no point of its curve is left out: nobody can sign with it.
    """
    registered: dict[bytes, RegisteredKey] = {}
    for event in _events(chain, "MemberRegistry", ["KeyAdded", "KeyChanged"], from_block, to_block):
        values, block = event.values, event.log.block
        thumbprint: bytes = values["thumbprint"]
        if event.name == "KeyAdded":
            try:
                key = PublicKey.from_bytes(KeyAlgorithm(values["algorithm"]), values["public_key"])
            except MalformedKey:
                continue
            if key.thumbprint != thumbprint:
                raise MalformedAnswer("eth_getLogs", "an event's public key has another thumbprint than the event")
            added = KeyVersion(
                block, KeyState.ACTIVE, key.algorithm, AddedBy(values["added_by"]), None, values["member"]
            )
            registered[thumbprint] = RegisteredKey(thumbprint, key, (added,))
        elif (known := registered.get(thumbprint)) is not None:
            changed = replace(
                known.versions[-1],
                since_block=block,
                state=KeyState(values["state"]),
                compromised_since=values["compromised_since"] or None,
                contested=values["contested"],
            )
            registered[thumbprint] = RegisteredKey(thumbprint, known.public_key, (*known.versions, changed))
    return registered


def read_voted_facts(chain: ChainReader, from_block: int, to_block: int) -> VotedFacts:
    """Everything that these blocks' events tell of what the governors agreed on."""
    policies: dict[str, list[PolicyVersion]] = defaultdict(list)
    assignments: dict[tuple[str, str], list[AssignmentVersion]] = defaultdict(list)
    operators: dict[str, list[OperatorVersion]] = defaultdict(list)
    tag_keys: list[TagKeyVersion] = []
    authorities: list[AuthorityChange] = []
    for event in _events(chain, "MemberRegistry", list(_VOTED), from_block, to_block):
        values, block = event.values, event.log.block
        if event.name == "PolicyChanged":
            policies[parse_text(values["name"])].append(PolicyVersion(block, values["value"]))
        elif event.name == "CodeAssigned":
            name = (parse_text(values["register"]), parse_text(values["code"]))
            assignments[name].append(AssignmentVersion(block, values["member"] or None))
        elif event.name == "OperatorChanged":
            operators[values["member"]].append(OperatorVersion(block, parse_text(values["scope"]) or None))
        elif event.name == "TagKeyAdded":
            tag_keys.append(TagKeyVersion(block, values["first_batch"], values["suite"], values["public_key"]))
        else:
            authorities.append(AuthorityChange(block, values["member"], values["listed"]))
    return VotedFacts(
        policies={name: tuple(versions) for name, versions in policies.items()},
        assignments={name: tuple(versions) for name, versions in assignments.items()},
        operators={uscc: tuple(versions) for uscc, versions in operators.items()},
        tag_keys=tuple(tag_keys),
        authorities=tuple(authorities),
    )


def read_drops(chain: ChainReader, from_block: int, to_block: int) -> Iterator[Drop]:
    """What these blocks' events tell of dropped entries, in chain order."""
    for event in _events(chain, "RecordLedger", ["Dropped"], from_block, to_block):
        values = event.values
        yield Drop(values["batch"], values["number"], values["bitmap"], values["votes"], event.log.block)


def read_drop_votes(chain: ChainReader, batch: int, from_block: int, to_block: int) -> list[DropVote]:
    """Every vote to drop entries of this batch in these blocks, in chain order."""
    topics = [_topic("RecordLedger", "DropVoted"), f"0x{batch:064x}"]
    votes: list[DropVote] = []
    for log in chain.logs("RecordLedger", topics, from_block, to_block):
        event = decode_event("RecordLedger", log)
        if event is not None and event.values["batch"] == batch:
            votes.append(DropVote(batch, event.values["bitmap_hash"], event.values["governor"], log.block))
    return votes


_VOTED = ("PolicyChanged", "CodeAssigned", "OperatorChanged", "TagKeyAdded", "AuthorityChanged")


def _events(
    chain: ChainReader, contract: ContractName, names: list[str], from_block: int, to_block: int
) -> Iterator[Event]:
    """The events of these names (all where none is named)."""
    topics = [_topic(contract, names[0])] if len(names) == 1 else []
    for log in chain.logs(contract, topics, from_block, to_block):
        event = decode_event(contract, log)
        if event is not None and (not names or event.name in names):
            yield event


def _topic(contract: ContractName, name: str) -> str:
    return "0x" + event_topic(contract, name).hex()


def _find_transaction(block: Mapping[str, Any], tx_hash: str) -> Mapping[str, Any]:
    for said in block.get("transactions") or ():
        transaction = parse_object(said, _BLOCK)
        if transaction.get("hash") == tx_hash:
            return transaction
    raise MalformedAnswer(_BLOCK, f"the block does not hold transaction {tx_hash} of its own event")
