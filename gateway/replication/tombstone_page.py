"""Tombstones as gateways tell them to each other: one page of JSON, with the records behind them."""

from __future__ import annotations

from dataclasses import dataclass

from chain.encoding import Json, base64url, parse_base64url
from chain.errors import Malformed
from gateway.store.tombstones import Tombstone

TOMBSTONES_PER_PAGE_MAX = 200


class MalformedTombstones(Malformed):
    """A peer's answer that is no page of tombstones."""


@dataclass(frozen=True)
class TombstonePage:
    """What a peer answers: tombstones in its own order, with the records behind them by id."""

    stones: tuple[Tombstone, ...]
    erasures: dict[str, bytes]
    """Record id to the SD-JWT of the record that erased."""
    next: int
    """Where to go on; the same as asked where there is nothing new."""

    @classmethod
    def parse(cls, answer: dict[str, Json]) -> TombstonePage:
        """The page in a JSON answer; raises MalformedTombstones."""
        try:
            listed, erasures, following = answer["tombstones"], answer["erasures"], answer["next"]
            if not isinstance(listed, list) or not isinstance(erasures, dict) or type(following) is not int:
                raise ValueError("it has other members")
            if len(listed) > TOMBSTONES_PER_PAGE_MAX or len(erasures) > TOMBSTONES_PER_PAGE_MAX:
                raise ValueError("it is longer than a page")
            stones = tuple(_stone(line) for line in listed)
            return cls(stones, {name: str(text).encode("ascii") for name, text in erasures.items()}, following)
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise MalformedTombstones("tombstones", str(fault)) from fault


def tombstone_json(stone: Tombstone) -> dict[str, Json]:
    """A tombstone as gateways tell it."""
    return {"record": stone.record_id, "digest": base64url(stone.digest), "erasure": stone.erasure, "at": stone.at}


def _stone(line: Json) -> Tombstone:
    if not isinstance(line, dict):
        raise ValueError("a tombstone is an object")
    digest = parse_base64url(str(line["digest"]))
    record_id, erasure, at = line["record"], line["erasure"], line["at"]
    if len(digest) != 32 or not isinstance(record_id, str) or not isinstance(erasure, str) or type(at) is not int:
        raise ValueError("a tombstone names record, digest, erasure and time")
    if len(parse_base64url(record_id)) != 32 or len(parse_base64url(erasure)) != 32:
        raise ValueError("a tombstone names records by their ids")
    return Tombstone(record_id, digest, erasure, at)
