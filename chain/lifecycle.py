"""The states of a record, on the wire and in every store."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class RecordState(StrEnum):
    """How far a record has come. It only moves right; `refused` ends it before `anchored`.

    Where the governors dropped an entry of it, it is `accepted` anew, to be anchored again.
    """

    ACCEPTED = "accepted"
    ANCHORED = "anchored"
    COVERED = "covered"
    REFUSED = "refused"


PENDING_S = 86_400
"""How long an entry without its record is waited for, by its block's time: governors then drop it."""

StateName = Literal["accepted", "anchored", "covered", "refused"]
"""The same states for callers that write them as plain text."""
