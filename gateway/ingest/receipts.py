"""Receipts are signed here; their two forms are told in `chain.proof.receipt`.

One is signed once and kept: the same record again gets the same bytes. Records of an upload share one signature, which
costs more than all else of a receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from chain.encoding import Json, base64url
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.proof.merkle import rooted_paths
from chain.proof.receipt import GROUP_MAX, GROUP_TYP, RECEIPT_TYP, group_member


class Promised(NamedTuple):
    """What a receipt says of its record."""

    record_id: str
    entries: Sequence[tuple[bytes, bytes]]
    """(tag, entry digest) pairs."""


def sign_receipts(
    promised: Sequence[Promised],
    *,
    gateway: str,
    consortium: str,
    accepted_at: int,
    anchor_by: int,
    key: SigningKey,
) -> list[str]:
    """The receipt of each record, in order; of a single one alone, of more under one signature.

    Raises ValueError where there are more than `GROUP_MAX`.
    """
    if not promised:
        return []
    if len(promised) > GROUP_MAX:
        raise ValueError(f"one signature promises for at most {GROUP_MAX} records")
    shared: dict[str, Json] = {"iss": gateway, "aud": consortium, "accepted_at": accepted_at, "anchor_by": anchor_by}
    own: list[dict[str, Json]] = [{"record_id": one.record_id, "entries": _said(one.entries)} for one in promised]
    # Written by orjson: the same bytes, and a receipt is written for every record.
    if len(own) == 1:
        return [sign_compact({"typ": RECEIPT_TYP}, shared | own[0], key, write_json=orjson.dumps)]
    leaves = [orjson.dumps(one) for one in own]
    root, paths = rooted_paths(leaves)
    tree: dict[str, Json] = {"size": len(leaves), "root": base64url(root)}
    jws = sign_compact({"typ": GROUP_TYP}, shared | tree, key, write_json=orjson.dumps)
    return [group_member(jws, leaf, index, path) for index, (leaf, path) in enumerate(zip(leaves, paths, strict=True))]


def _said(entries: Sequence[tuple[bytes, bytes]]) -> list[Json]:
    return [[tag.hex(), base64url(digest)] for tag, digest in entries]
