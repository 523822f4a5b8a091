"""The proof of which lanes a record's entries belong in: what a gateway gives the record's own issuer.

One JSON object, `{format, record, issuer, lanes: [{ucr, purpose, epoch, vrf_proof}]}`, one line for each UCR and epoch.
Who holds it computes the tags from the VRF's outputs, checks the proofs against the registry's public tag keys, and so
shows to anybody that a receipt for another tag is broken. It tells its holder no more than a bundle of the record does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.encoding import Json, base64url, parse_json_object, write_json
from chain.errors import Malformed
from chain.identifiers import Ucr, Uscc
from chain.members import TagKeyVersion
from chain.proof.batch import Purpose, lane_tag
from chain.proof.json_members import Members
from chain.proof.vrf import PROOF_BYTES, VrfPublicKey

LANE_PROOF_FORMAT = "tongguan-lane-proof/1"
LANE_PROOF_BYTES_MAX = 8 << 20
LANES_MAX = 200 * 256
"""UCRs of a record times epochs."""
_RECORD_ID = r"[A-Za-z0-9_-]{43}"


class MalformedLaneProof(Malformed):
    """A lane proof that breaks its format, or a proof in it that is not its epoch's."""


@dataclass(frozen=True)
class ProvedLane:
    """One UCR in one epoch."""

    ucr: str
    purpose: Purpose
    epoch: int
    """Index of the tag key in the registry, from 0."""
    vrf_proof: bytes

    def to_json(self) -> dict[str, Json]:
        """The line of the file."""
        proof = base64url(self.vrf_proof)
        return {"ucr": self.ucr, "purpose": self.purpose.value, "epoch": self.epoch, "vrf_proof": proof}


@dataclass(frozen=True)
class LaneProof:
    """The lanes of one record; whether the proofs hold is for `verify_lanes` to say."""

    record_id: str
    issuer: str
    """USCC."""
    lanes: tuple[ProvedLane, ...]

    def format(self) -> bytes:
        """The file."""
        return write_json(self.to_json())

    def to_json(self) -> dict[str, Json]:
        """The object of the file."""
        lanes: list[Json] = [lane.to_json() for lane in self.lanes]
        return {"format": LANE_PROOF_FORMAT, "record": self.record_id, "issuer": self.issuer, "lanes": lanes}

    @classmethod
    def parse(cls, text: bytes) -> LaneProof:
        """The proof in a file's bytes; raises MalformedLaneProof."""
        if len(text) > LANE_PROOF_BYTES_MAX:
            raise MalformedLaneProof("lane proof", f"has at most {LANE_PROOF_BYTES_MAX} bytes", value=len(text))
        try:
            value = parse_json_object(text)
        except ValueError as fault:
            raise MalformedLaneProof("lane proof", str(fault)) from None
        members = Members(value, "lane proof", ("format", "record", "issuer", "lanes"), MalformedLaneProof)
        if value["format"] != LANE_PROOF_FORMAT:
            raise MalformedLaneProof("format", f"is {LANE_PROOF_FORMAT}", value=value["format"])
        record_id = members.text("record", _RECORD_ID, "is a record id")
        issuer = members.text("issuer", Uscc.LAYOUT.pattern, "is a USCC")
        return cls(record_id, issuer, members.array("lanes", LANES_MAX, _lane))


def verify_lanes(proof: LaneProof, keys: Sequence[TagKeyVersion]) -> Mapping[tuple[Purpose, str], frozenset[bytes]]:
    """Purpose and UCR to the tags of the issuer's lanes, of UCRs for which every epoch of the registry is proved.

    Raises MalformedLaneProof where a proof is not its epoch's. With an epoch left out a tag could be that one's.
    """
    by_ucr: dict[tuple[Purpose, str], dict[int, bytes]] = {}
    for lane in proof.lanes:
        output = None
        if lane.epoch < len(keys):
            public = VrfPublicKey(keys[lane.epoch].public_key)
            output = public.verified_output(lane.purpose.vrf_input(lane.ucr), lane.vrf_proof)
        if output is None:
            raise MalformedLaneProof("vrf_proof", f"proves nothing of {lane.ucr} in epoch {lane.epoch}")
        by_ucr.setdefault((lane.purpose, lane.ucr), {})[lane.epoch] = lane_tag(output, proof.issuer)
    every = set(range(len(keys)))
    return {name: frozenset(tags.values()) for name, tags in by_ucr.items() if tags.keys() == every}


def _lane(value: Json, field: str) -> ProvedLane:
    members = Members(value, field, ("ucr", "purpose", "epoch", "vrf_proof"), MalformedLaneProof)
    purposes = "|".join(purpose.value for purpose in Purpose)
    return ProvedLane(
        members.text("ucr", Ucr.LAYOUT.pattern, "is a UCR"),
        Purpose(members.text("purpose", purposes, "is a purpose")),
        members.number("epoch", most=255),
        members.base64url("vrf_proof", PROOF_BYTES),
    )
