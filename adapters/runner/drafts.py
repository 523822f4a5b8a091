"""Drafts (`OperType` G): kept until a reply proves that they were lodged.

Brokers' systems import a declaration as a draft and declare it on the single window's page, so that no other file of it
ever exists. The broker's adapter keeps the draft under its client number, follows the communication reply to the single
window's number, and submits it as a declaration of `basis` `imported-draft` when customs' first reply proves that it
was lodged. When the declared form itself comes, that amends it. Replies are customs' words: a member that may not say
them only reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from adapters.mapping.chinese_customs import reference
from adapters.message import Entity
from adapters.runner.amendments import reference_key
from adapters.runner.draft_table import DraftNumbers
from adapters.runner.journal import Journal, JournalEntity
from adapters.runner.ucr_resolution import NotYet
from chain.records.base import Record
from chain.records.customs import CustomsDeclaration, CustomsStatus

CHANNEL: Final = "cn-channel"
IMPORT_RESPONSE: Final = "cn-import-response"
TAKEN: Final = "0"
"""`ResponseCode` of a communication reply: the single window took the file."""
NOT_LODGED: Final = frozenset({"1", "2", "7", "9", "Y"})
"""`CHANNEL` codes that prove nothing: saved, modified, stored or rejected by the e-port, unknown error."""
DECLARATION: Final = CustomsDeclaration.TYPE
_EVER: Final = "9999"
"""Later than any time of lodging."""


class DraftFollower:
    """One member's drafts and the replies about them."""

    def __init__(self, journal: Journal, may_say: Callable[[str], bool]) -> None:
        """`may_say` tells whether the member may issue records of a type."""
        self._journal = journal
        self._may_say = may_say

    def keep(self, place: int, entity: Entity) -> None:
        """Keeps under which numbers a draft is known."""
        if isinstance(entity.record, CustomsDeclaration):
            self._journal.drafts.keep(place, entity.ordinal, _numbers_of(entity.record))

    def is_evidence(self, record: Record | None) -> bool:
        """Whether it is customs' reply to a declaration, in the hands of a member that may not say it."""
        if not isinstance(record, CustomsStatus) or self._may_say(record.TYPE):
            return False
        return record.status.code.system in (CHANNEL, IMPORT_RESPONSE)

    def follow(self, entity: Entity) -> str:
        """What a reply means for the drafts here, in one sentence; raises `NotYet` where it is about nothing that is
        held here."""
        if not isinstance(entity.record, CustomsStatus):
            return "no reply"
        numbers, code = _numbers_in(entity), entity.record.status.code
        if code.system == IMPORT_RESPONSE:
            if code.value == TAKEN and numbers.client and numbers.central:
                self._journal.drafts.link(numbers.client, numbers.central)
            return "a communication reply: customs' to say, read here for the drafts alone"
        proves = bool(numbers.entry) or code.value not in NOT_LODGED
        places = self._journal.drafts.find(numbers)
        if not places:
            if not proves or self._is_declared(entity):
                return "a reply about a declaration: customs' to say"
            raise NotYet(
                f"{code.name or code.value}: a reply about a draft or declaration that nobody holds here"
                f" (entry {numbers.entry or 'none'}, single window {numbers.central or 'none'})"
            )
        if not proves:
            return f"{code.name or code.value}: proves no lodging; the draft is kept"
        *older, latest = [self._entity(place, ordinal) for place, ordinal in places]
        for superseded in older:
            if superseded.state == "draft":
                self._journal.set_entity(superseded, "unrecorded", reason="a later draft of it was lodged")
        if latest.state == "draft":
            self._journal.drafts.prove(latest.place, latest.ordinal, numbers)
            self._journal.set_entity(latest, "waiting", reason="a reply proves that the draft was lodged")
        return "a reply that proves a draft: customs' to say"

    def proven(self, known: JournalEntity, entity: Entity) -> Entity:
        """The entity; of a draft the declaration that it became, with the numbers that the reply gave it."""
        if not entity.is_draft or not isinstance(entity.record, CustomsDeclaration):
            return entity
        proof = self._journal.drafts.find_proof(known.place, known.ordinal) or DraftNumbers()
        head = entity.record.declaration
        said = {(reference.kind, reference.value) for reference in entity.record.references}
        given = (*reference("declaration", proof.entry), *reference("pre", proof.central))
        added = tuple(number for number in given if (number.kind, number.value) not in said)
        numbers = {"number": proof.entry or head.number, "central_number": proof.central or head.central_number}
        record = entity.record.model_copy(
            update={
                "declaration": head.model_copy(update={"basis": "imported-draft", **numbers}),
                "references": added + entity.record.references,
            }
        )
        return replace(entity, record=record, lookup=added + entity.lookup)

    def find_amended(self, entity: Entity) -> str | None:
        """The record id of the draft that a declared form replaces; None where there is none. Raises `NotYet`."""
        record = entity.record
        if entity.is_draft or entity.amends is not None or not isinstance(record, CustomsDeclaration):
            return None
        amended: str | None = None
        for place, ordinal in self._journal.drafts.find(_numbers_of(record)):
            draft = self._entity(place, ordinal)
            if draft.state == "draft":
                self._journal.set_entity(draft, "unrecorded", reason="the declared form came")
            elif draft.state == "waiting":
                raise NotYet("the draft that this declared form replaces is not signed yet")
            elif draft.record_id:
                amended = draft.record_id
        return amended

    def _is_declared(self, entity: Entity) -> bool:
        """Whether a declaration by one of these numbers was said here."""
        keys = [reference_key(number, 0) for number in entity.lookup]
        return self._journal.find_spoken(DECLARATION, keys, _EVER) is not None

    def _entity(self, place: int, ordinal: int) -> JournalEntity:
        return next(entity for entity in self._journal.entities(place) if entity.ordinal == ordinal)


def _numbers_of(record: CustomsDeclaration) -> DraftNumbers:
    head = record.declaration
    return DraftNumbers(head.own_number or "", head.central_number or "", head.number or "")


def _numbers_in(reply: Entity) -> DraftNumbers:
    said = {number.kind: number.value for number in reversed(reply.lookup)}
    return DraftNumbers(said.get("cop", ""), said.get("pre", ""), said.get("declaration", ""))
