"""All lanes of a consignment as one range of tags: an epoch's tags of a UCR begin with the same 8 bytes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, bindparam, or_

from chain.proof.batch import TAG_BYTES
from gateway.store.model import entries

NO_UCR = ""
"""The UCR of an entry that is of a number: nothing links it to a consignment."""


def is_in_group(count: int) -> ColumnElement[bool]:
    """Whether an entry's tag lies in one of so many ranges; `bounds_of` gives their values."""
    return or_(
        *(
            and_(entries.c.tag >= bindparam(f"first_{place}"), entries.c.tag <= bindparam(f"last_{place}"))
            for place in range(count)
        )
    )


def bounds_of(prefixes: Sequence[bytes]) -> dict[str, bytes]:
    """The first and last tag that begin with each of these prefixes."""
    first = {f"first_{place}": prefix.ljust(TAG_BYTES, b"\x00") for place, prefix in enumerate(prefixes)}
    return first | {f"last_{place}": prefix.ljust(TAG_BYTES, b"\xff") for place, prefix in enumerate(prefixes)}
