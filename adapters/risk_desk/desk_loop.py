"""Running a desk: its feed, rounds over what changed, the cursor, and the agreed rule pack, asked for now and then."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

from adapters.risk_desk.desk import DeskProgress, RiskDesk
from adapters.risk_desk.feed import ChangeSource, Feed
from chain.back_off import BackOff
from chain.errors import LedgerFault, StoreFault
from chain.rules.signed_records import is_judged
from gateway.client import Change

LOG = logging.getLogger("tongguan.risk_desk")
ROUND_CHANGES_MAX: Final = 500
"""Changes looked at in one round; a consignment that changed several times is looked at once."""
TAKE_S: Final = 0.25
PACK_LOOK_S: Final = 5.0
"""How often the chain is asked which rule pack is agreed."""
RETRY: Final = BackOff(first_s=0.25, max_s=30.0)
BEGINNING: Final = -1


def run_desk(
    desk: RiskDesk,
    source: ChangeSource,
    stop: threading.Event,
    *,
    replay_from: int | None = None,
    report: Callable[[DeskProgress], None] = lambda progress: None,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Looks at what changed until stopped: from where the journal stands, or after the batch `replay_from`.

    A desk without a journal begins at the first batch. A journal that fails, as one on a full disk does, is told and
    tried again. Raises UnagreedPack where the agreed pack is another, and StoreFault where the journal cannot be read.
    """
    desk.require_agreed_pack()
    start = _start(desk, replay_from)
    feed = Feed(source, start, wants_look)
    feed.start()
    looked_at_pack = monotonic()
    failures = 0
    pending: dict[str, None] = {}
    reached = noted = start
    try:
        while not stop.is_set():
            if monotonic() - looked_at_pack >= PACK_LOOK_S:
                _look_at_pack(desk)
                looked_at_pack = monotonic()
            taken = feed.take(TAKE_S, ROUND_CHANGES_MAX)
            reached = max([reached, *(change.batch for change in taken)])
            pending |= dict.fromkeys(change.ucr for change in taken)
            if not pending and noted == reached:
                continue
            pending, fault = _look_at_all(desk, pending, report)
            if not fault and not (fault := _note_cursor(desk, reached)):
                noted, failures = reached, 0
            if fault:
                failures += 1
                LOG.warning("%s cannot go on yet: %s", desk.member, fault)
                stop.wait(RETRY.pause_s(failures))
    finally:
        feed.stop()


def _look_at_all(
    desk: RiskDesk, ucrs: dict[str, None], report: Callable[[DeskProgress], None]
) -> tuple[dict[str, None], str]:
    """Looks at these and at those that bear a number of theirs; what must be looked at again, and why."""
    if not ucrs:
        return {}, ""
    progress = _look(desk, ucrs)
    report(progress)
    if progress.fault:
        return ucrs, progress.fault
    # The second use of a number is a change of the first one too; that one's own look ends the chain.
    others = dict.fromkeys(ucr for ucr in progress.others if ucr not in ucrs)
    if not others:
        return {}, ""
    progress = _look(desk, others)
    report(progress)
    return (others, progress.fault) if progress.fault else ({}, "")


def _look(desk: RiskDesk, ucrs: Iterable[str]) -> DeskProgress:
    try:
        return desk.look(ucrs)
    except StoreFault as fault:
        return DeskProgress(fault=str(fault))


def _note_cursor(desk: RiskDesk, reached: int) -> str:
    """Notes how far all was looked at; why that failed, if it did: then more is looked at again after a restart."""
    try:
        # The last batch may be told in several events, of which some come later.
        desk.journal.set_cursor(max(BEGINNING, reached - 1))
    except StoreFault as fault:
        return str(fault)
    return ""


def wants_look(change: Change) -> bool:
    """Whether a change is one that rules look at: audit records are not."""
    return is_judged(change.type)


def _start(desk: RiskDesk, replay_from: int | None) -> int:
    if replay_from is not None:
        return replay_from
    cursor = desk.journal.cursor
    return BEGINNING if cursor is None else cursor


def _look_at_pack(desk: RiskDesk) -> None:
    try:
        desk.require_agreed_pack()
    except LedgerFault as fault:
        LOG.warning("%s cannot ask the chain which rule pack is agreed: %s", desk.member, fault)
