"""The extract of a record: the few members by which it can be found, and nothing else.

Of a record whose reader proved that it fits its model, they are read straight from the text of its disclosures by typed
decoders that skip the rest, at half of what it costs to make objects of those sections first. Of what a reader is shown
they are taken from the disclosed sections. Both make the same extract, so there is one derivation of facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from chain.records import Record
from chain.records.base import reference_key
from chain.sdjwt import SignedRecord
from gateway.access.participation import HEADS_WITH_OFFICE
from gateway.access.records import HeldRecord

HEADS: Final = HEADS_WITH_OFFICE | {"status", "event", "order", "finding"}
"""The sections of which a state, an office, a time or a rule is wanted; each is one object."""

ReferenceRow = tuple[str, str, str, str]
"""(kind, scope, value, day), the first three as `Reference.key` writes them."""


class Coded(msgspec.Struct, frozen=True, gc=False):
    """The value of a coded value."""

    value: str = ""


class InstantExtract(msgspec.Struct, frozen=True, gc=False):
    """The instant of a time."""

    utc: str = ""


class HeadExtract(msgspec.Struct, frozen=True, gc=False):
    """What is wanted of a section that is one object; a name means the same in each."""

    state: str | None = None
    office: Coded | None = None
    border_office: Coded | None = None
    at: InstantExtract | None = None
    lodged: InstantExtract | None = None
    happened: InstantExtract | None = None
    placed: InstantExtract | None = None
    rule: str | None = None
    severity: str | None = None

    def offices(self) -> list[str]:
        """The customs offices that it names."""
        return [one.value for one in (self.office, self.border_office) if one is not None]

    def day(self) -> str:
        """The day, `YYYY-MM-DD`, on which it was so; empty where that is not said."""
        told = self.lodged or self.at or self.happened or self.placed
        return "" if told is None else told.utc[:10]


class PartyExtract(msgspec.Struct, frozen=True, gc=False):
    """What is wanted of a party."""

    role: str = ""
    uscc: str | None = None
    customs_code: str | None = None


class GoodsExtract(msgspec.Struct, frozen=True, gc=False):
    """What is wanted of a goods item."""

    hs: str | None = None
    name: str = ""


class _Reference(msgspec.Struct, frozen=True, gc=False):
    kind: str
    value: str
    scope: str = ""
    on: str = ""


class Extract(msgspec.Struct, frozen=True):
    """What is wanted of one record."""

    keys: frozenset[tuple[str, str, str]]
    """(kind, scope, value) of each reference."""
    parties: Sequence[PartyExtract]
    heads: Mapping[str, HeadExtract]
    items: Sequence[GoodsExtract]


def references_of(signed: SignedRecord, record: Record) -> list[ReferenceRow]:
    """Each reference of a record, in order."""
    if not signed.fits_model:
        return [(*one.key, one.on) for one in record.references]
    said = [_read_reference(text)[1] for text in signed.texts("references")]
    return [(*reference_key(one.kind, one.scope, one.value), one.on) for one in said]


def extract(signed: SignedRecord, keys: frozenset[tuple[str, str, str]]) -> Extract:
    """The extract of a fully disclosed record that fits its model and has these reference keys."""
    parties: Sequence[PartyExtract] = ()
    heads: dict[str, HeadExtract] = {}
    items: Sequence[GoodsExtract] = ()
    for name in signed.sections:
        if name == "parties":
            parties = _read_parties(signed.texts(name)[0])[1]
        elif name == "goods_items":
            items = [_read_item(text)[1] for text in signed.texts(name)]
        elif name in HEADS:
            heads[name] = _read_head(signed.texts(name)[0])[1]
    return Extract(keys, parties, heads, items)


def extract_shown(held: HeldRecord) -> Extract:
    """The extract of what is disclosed of a record that fits its model."""
    return Extract(
        held.reference_keys,
        msgspec.convert(held.many("parties"), list[PartyExtract]),
        {name: msgspec.convert(held.one(name), HeadExtract) for name in HEADS.intersection(held.signed.sections)},
        msgspec.convert(held.many("goods_items"), list[GoodsExtract]),
    )


_read_reference = msgspec.json.Decoder(tuple[str, _Reference]).decode
_read_parties = msgspec.json.Decoder(tuple[str, list[PartyExtract]]).decode
_read_head = msgspec.json.Decoder(tuple[str, HeadExtract]).decode
_read_item = msgspec.json.Decoder(tuple[str, GoodsExtract]).decode
