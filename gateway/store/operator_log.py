"""Rows of the operator log: what whoever runs this gateway did, in order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from gateway.store.model import operator_log

LINES_OF_MEMBER_MAX = 200
"""Lines that one member's own doing leaves; older ones of it go, so that no member fills the log."""


class OperatorAction(StrEnum):
    """What was done."""

    START = "start"
    STOP = "stop"
    SETTINGS = "settings"
    BACKUP = "backup"
    RESTORE = "restore"
    WEBHOOK_ADDED = "webhook-added"
    WEBHOOK_REMOVED = "webhook-removed"
    SECRET_CHANGED = "webhook-secret"  # noqa: S105  the name of an action
    WEBHOOK_OFF = "webhook-off"


class OperatorLogRow(NamedTuple):
    """One line."""

    number: int
    at: int
    """Unix seconds."""
    action: str
    member: str
    """Whose webhook it was; empty for what the operator did itself."""
    detail: dict[str, Any]


def note_action(
    connection: Connection, at: int, action: OperatorAction, detail: Mapping[str, Any], member: str = ""
) -> None:
    """Adds a line, in the caller's transaction."""
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True)
    connection.execute(insert(operator_log).values(at=at, action=action.value, member=member, detail=text))
    if member:
        own = operator_log.c.member == member
        newest = select(operator_log.c.number).where(own).order_by(operator_log.c.number.desc())
        oldest_kept = connection.execute(newest.offset(LINES_OF_MEMBER_MAX - 1).limit(1)).scalar()
        if oldest_kept is not None:
            connection.execute(delete(operator_log).where(own, operator_log.c.number < oldest_kept))


def actions_after(connection: Connection, after: int, count: int) -> list[OperatorLogRow]:
    """Up to `count` lines after a number, oldest first."""
    wanted = select(operator_log).where(operator_log.c.number > after).order_by(operator_log.c.number).limit(count)
    return [_row(row) for row in connection.execute(wanted)]


def find_last_action(connection: Connection, action: OperatorAction) -> OperatorLogRow | None:
    """The newest line of this kind; None where there is none."""
    wanted = select(operator_log).where(operator_log.c.action == action.value).order_by(operator_log.c.number.desc())
    row = connection.execute(wanted.limit(1)).first()
    return None if row is None else _row(row)


def _row(row: Any) -> OperatorLogRow:
    return OperatorLogRow(int(row.number), int(row.at), row.action, row.member, json.loads(row.detail))
