"""Who takes part in a consignment: a form of our own, which becomes one `trade.parties`.

The owner of the goods, its broker or the single window says it, so that the members named get standing::

    {"format": "trade-parties/1",
     "parties": [{"role": "agent", "uscc": "...", "customsCode": "...", "name": "..."}],
     "references": [{"kind": "order", "scope": "...", "value": "...", "on": "2026-03-02"}]}

`role` is one of the record model's; of `uscc` and `customsCode` one is there. `references` may be left out.
"""

from __future__ import annotations

from typing import Final, cast, get_args

from adapters.mapping.logistics import ISO_DAY, LABEL, SHORT, noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_members
from adapters.parsing.forms import one_of
from adapters.parsing.json_fields import JsonFields, parse_json
from adapters.parsing.xml_fields import Faults
from chain.identifiers import CustomsCode, Uscc
from chain.records.base import Reference, ReferenceKind, Source
from chain.records.sections import Party, PartyRole
from chain.records.trade import TradeParties
from chain.sdjwt import NAMES_MAX

FORMAT: Final = "trade-parties/1"
KIND: Final = "trade-parties"
REFERENCES_MAX: Final = 100
IGNORED: Final[dict[str, str]] = {}
"""Members that are left out: none, this form is our own."""


class TradePartiesReader:
    """The form above."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the message names this format."""
        return b'"trade-parties/' in message

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = JsonFields.root(parse_json(message), faults, KIND)
        root.text("format", one_of(FORMAT))
        record: TradeParties | None = None
        with noted(root.where, faults):
            record = _parties(root, Source(kind=KIND, sha256=message_digest(message)))
        if record is not None:
            record = record.with_remarks(*unread_members(root.value, faults, IGNORED))
        faults.refuse(KIND)
        entity = Entity(0, record, lookup=record.references if record else ())
        return ReadMessage(KIND, None, None, (entity,))


READERS = (TradePartiesReader(),)


def _parties(fields: JsonFields, source: Source) -> TradeParties | None:
    listed, numbers = list(fields.each("parties", required=True)), list(fields.each("references"))
    for name, values, most in (("parties", listed, NAMES_MAX), ("references", numbers, REFERENCES_MAX)):
        if len(values) > most:
            fields.faults.add(f"{fields.where}/{name}", f"holds at most {most}", value=len(values))
            return None
    parties = [party for one in listed if (party := _party(one)) is not None]
    references = [reference for one in numbers if (reference := _reference(one)) is not None]
    if len(parties) < len(listed) or len(references) < len(numbers):
        return None
    return TradeParties(parties=tuple(parties), references=tuple(references), source=source)


def _party(fields: JsonFields) -> Party | None:
    role = fields.text("role", one_of(*get_args(PartyRole)))
    uscc, code = fields.maybe("uscc", SHORT), fields.maybe("customsCode", SHORT)
    if uscc is None and code is None:
        fields.faults.add(f"{fields.where}/uscc", "is there, or customsCode is")
    if role is None or (uscc is None and code is None):
        return None
    return Party(
        role=cast(PartyRole, role),
        uscc=None if uscc is None else Uscc.parse(uscc),
        customs_code=None if code is None else CustomsCode.parse(code),
        name=fields.maybe("name", LABEL),
    )


def _reference(fields: JsonFields) -> Reference | None:
    kind, value = fields.text("kind", one_of(*get_args(ReferenceKind))), fields.text("value", SHORT)
    if kind is None or value is None:
        return None
    scope, on = fields.maybe("scope", SHORT) or "", fields.maybe("on", ISO_DAY) or ""
    return Reference(kind=cast(ReferenceKind, kind), scope=scope, value=value, on=on)
