"""The operator log: starts, changed settings, backups, restores and webhooks, for members of the operator to read.

It says what was done with this gateway, not by which of the operator's people: a process knows no login. Secrets stand
in no setting, and passwords in URLs are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from gateway.access.tokens import TokenBearer
from gateway.runtime.refusals import GatewayRefusal
from gateway.settings import GatewaySettings
from gateway.store.operator_log import OperatorAction, OperatorLogRow, actions_after, find_last_action, note_action
from gateway.store.store import Store


class OperatorLog:
    """The log of one gateway's store. Safe to share between threads."""

    def __init__(self, store: Store, settings: GatewaySettings, clock: Callable[[], float]) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    def note_start(self) -> None:
        """Notes the start, and before it each setting that is another than at the last one."""
        effective = self._settings.effective()
        now = int(self._clock())
        with self._store.writing() as connection:
            last = find_last_action(connection, OperatorAction.START)
            if last is not None and (changed := changed_settings(last.detail.get("settings", {}), effective)):
                note_action(connection, now, OperatorAction.SETTINGS, {"changed": changed})
            note_action(
                connection, now, OperatorAction.START, {"settings": effective, "files": _digests(self._settings)}
            )

    def note(self, action: OperatorAction, detail: Mapping[str, Any]) -> None:
        """Notes something else that the operator did."""
        with self._store.writing() as connection:
            note_action(connection, int(self._clock()), action, detail)

    def note_stop(self) -> None:
        """Notes an ordered end; a start without one before it tells of a kill."""
        self.note(OperatorAction.STOP, {})

    def lines(self, bearer: TokenBearer, after: int, count: int) -> list[OperatorLogRow]:
        """Up to `count` lines after a number; raises GatewayRefusal (403) for whoever does not run this gateway."""
        if bearer.member != self._settings.member:
            raise GatewayRefusal(
                "role",
                "the operator log is for the member that runs this gateway",
                fix=f"Ask with a token of {self._settings.member}",
            )
        with self._store.reading() as connection:
            return actions_after(connection, after, count)


def changed_settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Each setting that differs: its value before and after, None where it was not there."""
    names = sorted({*before, *after})
    return {
        name: [before.get(name), after.get(name)] for name in names if before.get(name, None) != after.get(name, None)
    }


def _digests(settings: GatewaySettings) -> dict[str, str]:
    """SHA-256 of the agreed files by setting, so that another file under the same name shows."""
    files = {"record_rules_file": settings.record_rules_file, "view_policy_file": settings.view_policy_file}
    return {name: sha256(file.read_bytes()).hexdigest() for name, file in files.items() if file.is_file()}
