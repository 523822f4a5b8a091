"""Four lies told with a true bundle in hand, for the demonstration: each yields a file that a verifier must refuse.

They are the lies that people would tell: a lighter weight, another record in a record's place, an inconvenient record
left out, a block that the validators never sealed. Each keeps the file's canonical form as far as the lie allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chain.encoding import base64url, format_json, parse_base64url
from chain.errors import TongguanError
from chain.proof.bundle import Bundle, ProvedRecord
from chain.proof.bundle_reader import parse_bundle
from chain.proof.hashes import keccak256
from chain.proof.header import EXTRA_INDEX, Extra, Header
from chain.proof.slots import read_words
from chain.proof.storage import Account, MalformedProof, NodeSet, read_account
from chain.verify import TrustRoot
from chain.verify.trust_root import LEDGER, REGISTRY

_WEIGHT = re.compile(r'"(?:gross|net)":\{"value":"(\d+)\.')


class NothingToForge(TongguanError):
    """The bundle holds nothing that this lie could be told with."""


@dataclass(frozen=True)
class Tamper:
    """One lie: what it changes in plain words, and how."""

    name: str
    what: str
    forge: Callable[[bytes, bytes, TrustRoot], bytes]
    """(the bundle, another consignment's bundle, the trust root of both) -> the forged file."""
    check: str
    """The name of the check that catches it."""


def changed_weight(said: bytes, other: bytes, root: TrustRoot) -> bytes:
    """The first disclosed weight gets another first digit, in its disclosure, and nothing else changes."""
    bundle: dict[str, Any] = json.loads(said)
    for record in bundle["records"]:
        jwt, *disclosures = record["sd_jwt"].split("~")
        for place, disclosure in enumerate(disclosures):
            text = parse_base64url(disclosure).decode() if disclosure else ""
            weight = _WEIGHT.search(text)
            if weight is None:
                continue
            whole = weight.group(1)
            lighter = ("1" if whole[0] != "1" else "2") + whole[1:]
            forged = text[: weight.start(1)] + lighter + text[weight.end(1) :]
            disclosures[place] = base64url(forged.encode())
            record["sd_jwt"] = "~".join([jwt, *disclosures])
            return format_json(bundle).encode()
    raise NothingToForge("no weight is disclosed in this bundle")


def swapped_record(said: bytes, other: bytes, root: TrustRoot) -> bytes:
    """A record is replaced by a true record of another consignment, said by the same member with the same key."""
    bundle, donor = parse_bundle(said), parse_bundle(other)
    for place, record in enumerate(bundle.records):
        for stranger in donor.records:
            if stranger.signed.kid == record.signed.kid and stranger.signed.record_id != record.signed.record_id:
                return _with_record(bundle, place, replace(record, signed=stranger.signed)).format()
    raise NothingToForge("the two bundles share no issuer")


def record_left_out(said: bytes, other: bytes, root: TrustRoot) -> bytes:
    """One record is taken out, with everything that served it alone; the heads are left as they are."""
    bundle = parse_bundle(said)
    # Best a record whose batch, key and member other records need too: then nothing else is left over to notice.
    victim = max(bundle.records, key=lambda record: _is_shared(record, bundle))
    kept = tuple(record for record in bundle.records if record is not victim)
    used = {entry.batch for record in kept for entry in record.entries}
    kids = {record.signed.kid for record in kept}
    issuers = {record.signed.iss for record in kept}
    batches = tuple(facts for facts in bundle.batches if facts.index in used)
    less = replace(
        bundle,
        records=kept,
        batches=batches,
        keys=tuple(key for key in bundle.keys if key.public.kid in kids),
        members={uscc: shown for uscc, shown in bundle.members.items() if uscc in issuers},
        accounts={at: v for at, v in bundle.accounts.items() if at in {facts.gateway for facts in batches}},
    )
    return replace(less, nodes=_needed_nodes(less, root)).format()


def forged_seal(said: bytes, other: bytes, root: TrustRoot) -> bytes:
    """One validator's commit seal is replaced by a signature that looks like one."""
    bundle = parse_bundle(said)
    extra = bundle.header.extra
    seal = bytearray(extra.seals[0])
    seal[7] ^= 0x01
    forged: Extra = replace(extra, seals=(bytes(seal), *extra.seals[1:]))
    fields = list(bundle.header.fields)
    fields[EXTRA_INDEX] = forged.format()
    return replace(bundle, header=Header(tuple(fields))).format()


TAMPERS: tuple[Tamper, ...] = (
    Tamper("changed-weight", "a weight is changed in a disclosure", changed_weight, "well-formed"),
    Tamper("swapped-record", "a record is swapped for a true one of another consignment", swapped_record, "inclusion"),
    Tamper("record-left-out", "a record is left out", record_left_out, "lanes"),
    Tamper("forged-seal", "a validator's seal is forged", forged_seal, "seals"),
)


def _needed_nodes(bundle: Bundle, root: TrustRoot) -> tuple[bytes, ...]:
    """Those of the bundle's trie nodes that its facts rest on; raises MalformedProof where one is missing."""
    nodes = NodeSet.of(bundle.nodes)
    registry, ledger = (_contract(bundle, name, root, nodes) for name in (REGISTRY, LEDGER))
    read_words(bundle.slot_request, registry, ledger, nodes)
    return tuple(node for node in bundle.nodes if keccak256(node) in nodes.used)


def _contract(bundle: Bundle, name: str, root: TrustRoot, nodes: NodeSet) -> Account:
    deployed = root.find_contract(name, bundle.header.number)
    account = None if deployed is None else read_account(bundle.header.state_root, deployed.address, nodes)
    if account is None:
        raise MalformedProof(name, "must stand in block", value=bundle.header.number)
    return account


def _is_shared(record: ProvedRecord, bundle: Bundle) -> bool:
    others = [one for one in bundle.records if one is not record]
    batches = {entry.batch for one in others for entry in one.entries}
    return {entry.batch for entry in record.entries} <= batches and any(
        one.signed.kid == record.signed.kid for one in others
    )


def _with_record(bundle: Bundle, place: int, record: ProvedRecord) -> Bundle:
    records = [*bundle.records[:place], record, *bundle.records[place + 1 :]]
    return bundle.with_records(tuple(sorted(records, key=lambda one: one.signed.record_id)))
