"""The states of a record, on the wire and in every store."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class RecordState(StrEnum):
    """How far a record has come. It only moves right; `refused` ends it before `anchored`."""

    ACCEPTED = "accepted"
    ANCHORED = "anchored"
    COVERED = "covered"
    REFUSED = "refused"


StateName = Literal["accepted", "anchored", "covered", "refused"]
"""The same states for callers that write them as plain text."""
