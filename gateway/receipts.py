"""The receipt: the gateway's signed promise that a record is kept and will be anchored in time.

A JWS of `typ` `tongguan-receipt+jwt`, signed by a registered key of the gateway's member: `iss` that member, `aud` the
consortium, `record_id`, `entries` (every tag in hex with its entry digest in base64url, in order of the record's UCRs),
`accepted_at` and `anchor_by` in Unix seconds. It is signed once and kept: the same record again gets the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from chain.encoding import base64url
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.proof.bundle import RECEIPT_TYP


def sign_receipt(
    *,
    gateway: str,
    consortium: str,
    record_id: str,
    entries: Sequence[tuple[bytes, bytes]],
    accepted_at: int,
    anchor_by: int,
    key: SigningKey,
) -> str:
    """The receipt for a record whose entries are these (tag, entry digest) pairs."""
    return sign_compact(
        {"typ": RECEIPT_TYP},
        {
            "iss": gateway,
            "aud": consortium,
            "record_id": record_id,
            "entries": [[tag.hex(), base64url(digest)] for tag, digest in entries],
            "accepted_at": accepted_at,
            "anchor_by": anchor_by,
        },
        key,
        write_json=orjson.dumps,  # the same bytes, and a receipt is signed for every record
    )
