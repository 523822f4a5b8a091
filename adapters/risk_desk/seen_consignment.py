"""A consignment as its gateway shows it to a risk desk: records in lane order, every lane's head computed here.

The gateway is the desk's own, and still nothing is taken for what can be computed: record ids and entry digests come
from the records themselves, heads from the leaves. That no lane is left out is for the verifier to check on the chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chain.errors import Malformed
from chain.proof.batch import entry_digest
from chain.proof.index_map import LaneLeaf, lane_head
from chain.records import LaneHead, LaneSnapshot
from chain.records.audit import LANES_MAX
from chain.rules.frame import Elsewhere, SharedNumber
from chain.sdjwt import SignedRecord

RECORDS_MAX: Final = 20_000
"""Records of one consignment that a desk reads."""
LEAVES_MAX: Final = 100_000


class MalformedLanes(Malformed):
    """An answer with lanes that is not what a gateway gives."""


@dataclass(frozen=True)
class SeenConsignment:
    """What a desk evaluates."""

    ucr: str
    snapshot: LaneSnapshot
    records: tuple[SignedRecord, ...]
    """In the order in which a verifier reads them: by batch, lane tag, and place in the lane."""
    elsewhere: Elsewhere
    others: tuple[str, ...]
    """Consignments that bear one of its numbers too."""

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> SeenConsignment:
        """The consignment in a gateway's answer; raises MalformedLanes, MalformedRecord."""
        try:
            return cls._parse(answer)
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedLanes("lanes", f"has the shape that a gateway gives: {error!r}") from error

    @classmethod
    def _parse(cls, answer: Mapping[str, Any]) -> SeenConsignment:
        ucr = str(answer["ucr"])
        lanes = {bytes.fromhex(lane["tag"]): _leaves(lane["leaves"]) for lane in answer["lanes"]}
        lanes = {tag: leaves for tag, leaves in lanes.items() if leaves}
        _require("lanes", len(lanes), LANES_MAX)
        _require("leaves", sum(map(len, lanes.values())), LEAVES_MAX)
        _require("records", len(answer["records"]), RECORDS_MAX)
        places = {
            leaf.digest: (leaf.batch, tag, index) for tag, leaves in lanes.items() for index, leaf in enumerate(leaves)
        }
        placed = []
        for line in answer["records"]:
            signed = SignedRecord.parse(line["sd_jwt"])
            digest = entry_digest(signed, _element(signed, ucr))
            if digest not in places:
                raise MalformedLanes("records", "stand in the lanes shown", value=signed.record_id)
            placed.append((places[digest], signed))
        shared = answer["shared"]
        return cls(
            ucr=ucr,
            snapshot=LaneSnapshot(
                batches=int(answer["batches"]),
                lanes=tuple(
                    LaneHead(tag=tag.hex(), count=len(leaves), head=lane_head(leaves).hex())
                    for tag, leaves in sorted(lanes.items())
                ),
            ),
            records=tuple(signed for _, signed in sorted(placed, key=lambda pair: pair[0])),
            elsewhere=Elsewhere(frozenset(shared["kinds"]), tuple(_shared(line) for line in shared["numbers"])),
            others=tuple(map(str, shared["others"])),
        )


def _leaves(lines: Sequence[Mapping[str, Any]]) -> list[LaneLeaf]:
    return [LaneLeaf(bytes.fromhex(line["entry"]), int(line["batch"])) for line in lines]


def _shared(line: Mapping[str, Any]) -> SharedNumber:
    return SharedNumber(
        str(line["kind"]), str(line["value"]), str(line["other"]), line["is_open"] is True, str(line["record"])
    )


def _element(signed: SignedRecord, ucr: str) -> bytes:
    for digest, value in signed.ucr_elements():
        if value == ucr:
            return digest
    raise MalformedLanes("records", f"speak of {ucr}", value=signed.record_id)


def _require(what: str, count: int, most: int) -> None:
    if count > most:
        raise MalformedLanes(what, f"are at most {most}", value=count)
