"""Settling: the source hears of a message when nothing is left to do about any of its entities."""

from __future__ import annotations

import logging
from typing import Final

from adapters.runner.journal import Journal, JournalMessage
from adapters.sources.single_window import SingleWindowFault, Source
from chain.errors import NotFound

LOG = logging.getLogger("tongguan.adapters")
DROPPED_CODE: Final = "4999"
"""Our code for what an operator gave up, where the gateway had not given one."""


class Settlement:
    """Tells one member's source what became of its messages."""

    def __init__(self, journal: Journal, source: Source) -> None:
        self._journal = journal
        self._source = source

    def settle(self, most: int, faults: list[str]) -> int:
        """Tells of at most so many messages of either kind; how many. Adds to `faults` why the source was not heard."""
        self._journal.finish()
        settled: list[int] = []
        try:
            for message in self._journal.messages("malformed", most):
                self._refuse(message, message.code, message.reason)
                settled.append(message.place)
            for message in self._journal.messages("done", most):
                self._acknowledge(message)
                settled.append(message.place)
        except SingleWindowFault as error:
            faults.append(str(error))
        # A crash before this is written only means that the source hears the same word once more.
        with self._journal.transaction():
            for place in settled:
                self._journal.set_message(place, "settled")
        return len(settled)

    def _acknowledge(self, message: JournalMessage) -> None:
        dropped = [entity for entity in self._journal.entities(message.place) if entity.state == "dropped"]
        if dropped:
            reasons = "; ".join(f"entity {entity.ordinal}: {entity.reason}" for entity in dropped)
            self._refuse(message, dropped[0].code or DROPPED_CODE, reasons)
            return
        try:
            self._source.acknowledge(message.envelope)
        except NotFound:
            LOG.warning("unknown to its source", extra={"message_id": message.envelope.id})

    def _refuse(self, message: JournalMessage, code: str, reason: str) -> None:
        try:
            self._source.refuse(message.envelope, code, reason)
        except NotFound:
            LOG.warning("unknown to its source", extra={"message_id": message.envelope.id})
