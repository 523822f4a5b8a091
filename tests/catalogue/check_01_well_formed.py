"""Vectors whose one fault check 1, *well-formed*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.encoding import Json, base64url, parse_base64url
from chain.keys import P256_ORDER
from chain.members import KeyState
from chain.sdjwt import SignedRecord
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    NobodysKey,
    change_payload,
    declared_and_released,
    group_altered,
    made_of,
    spoil_text,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import BROKER, UCR


@vector(Verdict.INVALID, 1)
def receipt_of_a_group_by_a_broken_path() -> Made:
    """A receipt's path ends within a hash."""
    return group_altered(lambda parts: [*parts[:3], base64url(parse_base64url(parts[3])[:-1])])


@vector(Verdict.INVALID, 1)
def receipt_of_a_group_with_its_place_written_otherwise() -> Made:
    """The place of a receipt in its group has a leading zero: one receipt has one text."""
    return group_altered(lambda parts: [*parts[:2], "00", parts[3]])


@vector(Verdict.INVALID, 1)
def receipt_of_a_group_without_its_own_part() -> Made:
    """The signed part of a group is shown as if it were a receipt alone."""
    return group_altered(lambda parts: parts[:1])


@vector(Verdict.INVALID, 1)
def receipt_alone_in_a_group() -> Made:
    """A receipt that was signed alone is shown as if it were the signed part of a group."""
    it, declaration, _ = declared_and_released()
    alone = it.receipt(declaration, anchor_by=it.time)
    return group_altered(lambda parts: [alone.text, *parts[1:]])


@vector(Verdict.INVALID, 1)
def receipt_of_a_group_that_says_a_time_of_its_own() -> Made:
    """A receipt's own part names a second time to anchor by, signed with the rest."""

    def later(leaf: dict[str, Json]) -> dict[str, Json]:
        return {**leaf, "anchor_by": 2_000_000_000}

    return group_altered(lambda parts: parts, leaf=later)


@vector(Verdict.INVALID, 1)
def receipt_of_a_group_too_large() -> Made:
    """A signed part says that more records are promised for than one signature may."""
    return group_altered(lambda parts: [change_payload(parts[0], "size", lambda _: 2_049), *parts[1:]])


@vector(Verdict.INVALID, 1)
def signature_twin() -> Made:
    """The same record again with the twin of its signature, passed as a second record."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    raw = parse_base64url(record.signed.jwt.rsplit(".", 1)[1])
    s = P256_ORDER - int.from_bytes(raw[32:], "big")
    head = record.signed.jwt.rsplit(".", 1)[0]
    twin = f"{head}.{base64url(raw[:32] + s.to_bytes(32, 'big'))}"
    signed = SignedRecord.parse(record.signed.serialize().replace(record.signed.jwt, twin))
    return made_of(it, bundle.with_records((record, replace(record, signed=signed))))


@vector(Verdict.INVALID, 1)
def key_of_small_order() -> Made:
    """A member registered an Ed25519 key of order 1: the same 64 bytes are a signature of anything under it, which most
    libraries take, so whoever likes speaks in its name."""
    it, _, _ = declared_and_released()
    it.keys[BROKER] = NobodysKey()
    it.set_key(BROKER, KeyState.ACTIVE)
    it.block += 1
    forged = it.record()
    it.anchor(forged)
    it.checkpoint()
    return made_of(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 1)
def lanes_beside_the_subject() -> Made:
    """The lanes of another UCR are shown in a consignment's bundle."""
    it, _, _ = declared_and_released()
    return made_of(it, replace(it.consignment_bundle(), subject_ucr="6CN91110000100000001W-7777"))


@vector(Verdict.INVALID, 1)
def vrf_proof_that_begins_with_no_point() -> Made:
    """The VRF proof begins with the neutral point, from which everybody would get the same tags."""
    it, _, _ = declared_and_released()
    said, root = made_of(it, it.consignment_bundle())
    (group,) = it.consignment_bundle().groups
    neutral = b"\x01" + bytes(31) + group.vrf_proof[32:]
    return said.replace(base64url(group.vrf_proof).encode(), base64url(neutral).encode()), root


@vector(Verdict.INVALID, 1)
def authorities_in_a_record_bundle() -> Made:
    """The list of authorities stands where nothing rests on it."""
    it, declaration, _ = declared_and_released()
    return made_of(it, replace(it.record_bundle(declaration), authorities=tuple(it.authorities)))


@vector(Verdict.INVALID, 1)
def white_space() -> Made:
    """A line end after the object."""
    return spoil_text(lambda said: said + b"\n")


@vector(Verdict.INVALID, 1)
def doubled_name() -> Made:
    """A name stands twice."""
    return spoil_text(lambda said: said[:-1] + b',"erasures":[]}')


@vector(Verdict.INVALID, 1)
def extra_member() -> Made:
    """A member that the format does not know."""
    return spoil_text(lambda said: said[:-1] + b',"note":"trust me"}')


@vector(Verdict.INVALID, 1)
def hex_in_capitals() -> Made:
    """A digit of a hash in capitals."""
    return spoil_text(lambda said: said.replace(b'"gateway":"0xaaaa', b'"gateway":"0xAAAA', 1))


@vector(Verdict.INVALID, 1)
def padded_base64() -> Made:
    """Padding after base64url."""
    return spoil_text(lambda said: said.replace(b'","nodes"', b'=","nodes"', 1))


@vector(Verdict.INVALID, 1)
def erasure_that_this_edition_does_not_know() -> Made:
    """A statement of erasure, which is reserved for a later edition."""
    return spoil_text(lambda said: said.replace(b'"erasures":[]', b'"erasures":["' + b"A" * 43 + b'"]', 1))


@vector(Verdict.INVALID, 1)
def empty_sibling_written_out() -> Made:
    """A sibling of nothing but zeros is written out, where the one form is an empty string."""
    it, declaration, _ = declared_and_released()
    it.anchor(*[it.record(ucrs=(f"{UCR}{n}",)) for n in range(30)])
    it.checkpoint()
    said, root = made_of(it, it.record_bundle(declaration))
    changed = said.replace(b'"siblings":["', b'"siblings":["' + b"A" * 43 + b'","', 1)
    return changed, root


@vector(Verdict.INVALID, 1)
def cut_off() -> Made:
    """The file ends too early."""
    return spoil_text(lambda said: said[:-10])
