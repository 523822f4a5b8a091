"""What every record has, and how it becomes the sections of a signed record and comes back from them.

Each field of a record is a section; a section has one disclosure, but those of `MANY_ELEMENTS`, which have one per
element. A field that says nothing (None, empty) is no section at all.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, ValidationError

from chain.encoding import Json
from chain.errors import MalformedRecord
from chain.identifiers import ReferenceNumber, Ucr, Uscc
from chain.records.scalars import Amount, Code, Day, Many, Note, Part, Quantity, Sha256Hex, Text, Token
from chain.reference_keys import reference_key as reference_key
from chain.sdjwt import MANY_ELEMENTS, NAMES_MAX, REFERENCES_MAX, UCRS_MAX

T = TypeVar("T", bound=Hashable)

FAULTS_SHOWN_MAX = 10
"""How many faults of one record an error names."""

ReferenceKind = Literal[
    "declaration",
    "cop",
    "pre",
    "order",
    "payment",
    "transport_document",
    "master_bill",
    "container",
    "invoice",
    "tax_bill",
    "origin_certificate",
]
"""Kinds of numbers by which parties know the goods: declaration or list number, the company's own number (`copNo`),
pre-entry number, order, payment, waybill or bill of lading, master bill, container, invoice, tax bill, certificate of
origin."""


Number = Annotated[str, ReferenceNumber]
"""A text of the form of `chain.identifiers.ReferenceNumber`."""


class Reference(Part):
    """A number by which a party knows the goods."""

    kind: ReferenceKind
    """What the number is of."""
    scope: Annotated[Number | Literal[""], Field(union_mode="left_to_right")] = ""
    """Whose number it is: USCC or customs code of the platform, company, carrier; empty where unique in the world."""
    value: Number
    """The number, in its canonical spelling where it has one."""
    on: Annotated[Day | Literal[""], Field(union_mode="left_to_right")] = ""
    """The day on which it was said, since some numbers return after months; empty where unknown."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Kind, scope and value without what people write differently (case; in transport, hyphens, `_` and spaces)."""
        return reference_key(self.kind, self.scope, self.value)


class Source(Part):
    """The native message that the record was read from. Hidden: its hash lets a reader test guesses of the rest."""

    kind: Token
    """The native kind: `CEB621`, `DecMessage`, `DCSA-TNT-2.2` ..."""
    sha256: Sha256Hex
    """SHA-256 of the message's bytes as they came, 64 lowercase hex digits."""
    message_id: Text | None = None
    """The sender's own id of the message: guid, `ClientSeqNo`, interchange reference."""
    ordinal: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Place of the entity in the message, from 0."""


class Remark(Part):
    """Something that looks wrong in what was said, kept because its issuer said so."""

    rule: Token
    """Short name of the rule that it breaks, such as `line-total`, `unknown-code`."""
    text: Note
    """One sentence with the values."""
    field: Text | None = None
    """The field of the record, as a dotted path with indexes from 0: `goods_items.2.total`."""


class Document(Part):
    """An attached or cited document: licence, certificate, invoice file, packing list."""

    kind: Code
    """What it is, in the code list of its source (`cn-edoc`, `cn-licence`, `uncl-1001` ...)."""
    name: Text | None = None
    """File name, where there is a file."""
    number: Text | None = None
    """The document's own number."""
    sha256: Sha256Hex | None = None
    """SHA-256 of the attached file, 64 lowercase hex digits; None where the source names the file without its bytes."""
    issued: Day | None = None
    """Day of issue."""
    valid_until: Day | None = None
    """Last day on which it is valid (WCO EffectiveDateTime of a document)."""
    status: Code | None = None
    """Its state or exemption (`wco-document-status`: WCO LPCOExemptionCode AE, EE, JP ...)."""
    issuer: Text | None = None
    """Who issued it (WCO Submitter)."""
    line: Text | None = None
    """The line of it that the goods are written off (LicWrtofDetailNo)."""
    written_off: Quantity | None = None
    """Quantity written off it (WCO WriteOff, LicWrtofQty)."""
    written_off_amount: Amount | None = None
    """Amount written off it (WCO WriteOff)."""
    item: Annotated[int, Field(ge=1, le=999)] | None = None
    """Ordinal of the goods item that it belongs to, from 1; None for the whole."""


def once_each(values: tuple[T, ...]) -> tuple[T, ...]:
    """The values, where each stands once; raises `ValueError`."""
    if len(set(values)) != len(values):
        raise ValueError("each stands once")
    return values


class Record(Part):
    """Base of all records. Each field is a section."""

    TYPE: ClassVar[str]
    """The record type, the `vct` claim."""

    ucr: Annotated[Many[Ucr], Field(max_length=UCRS_MAX), AfterValidator(once_each)] = ()
    """The consignments spoken of, 1 to 200 once issued; empty until the UCR is known."""
    names: Annotated[Many[Uscc], Field(max_length=NAMES_MAX), AfterValidator(once_each)] = ()
    """Members to whom this record gives standing in its consignments (`chain.standing`). Never withheld, never
    erased."""
    references: Annotated[Many[Reference], Field(max_length=REFERENCES_MAX)] = ()
    """Numbers by which the parties know these goods."""
    documents: Many[Document] = ()
    """Attached and cited documents."""
    source: Source | None = None
    """The native message."""
    remarks: Many[Remark] = ()
    """What looks wrong and was kept."""

    def for_ucrs(self, ucrs: Sequence[Ucr]) -> Self:
        """The same record, speaking of these consignments."""
        return self.model_copy(update={"ucr": tuple(dict.fromkeys(ucrs))})

    def with_names(self, names: Iterable[str]) -> Self:
        """The same record, naming these members too, each once."""
        return self.model_copy(update={"names": tuple(dict.fromkeys((*self.names, *map(Uscc.parse, names))))})

    def with_remarks(self, *remarks: Remark) -> Self:
        """The same record with more remarks."""
        return self.model_copy(update={"remarks": self.remarks + remarks})

    def to_sections(self) -> dict[str, list[Json]]:
        """Every section that says something, each as the list of its elements' values."""
        said: dict[str, Any] = self.__pydantic_serializer__.to_python(self, mode="json", exclude_defaults=True)
        return {name: value if name in MANY_ELEMENTS else [value] for name, value in said.items()}

    @classmethod
    def from_sections(cls, sections: Mapping[str, Sequence[Json]]) -> Self:
        """The record of fully disclosed sections; raises `MalformedRecord` naming its faults."""
        try:
            return cls.model_validate(
                {name: values if name in MANY_ELEMENTS else values[0] for name, values in sections.items()}
            )
        except ValidationError as error:
            raise malformed_record(cls.TYPE, error) from None


def malformed_record(record_type: str, error: ValidationError) -> MalformedRecord:
    """All faults of a record (the first `FAULTS_SHOWN_MAX`) as one error whose field is the first one's."""
    faults = error.errors(include_url=False, include_context=False)
    said = [f"{_path(fault['loc'])}: {fault['msg']}" for fault in faults[:FAULTS_SHOWN_MAX]]
    more = f" and {len(faults) - FAULTS_SHOWN_MAX} more" if len(faults) > FAULTS_SHOWN_MAX else ""
    first, rest = faults[0], said[1:]
    rule = f"{first['msg']} (in {record_type})" + (f"; also {'; '.join(rest)}{more}" if rest else "")
    return MalformedRecord(_path(first["loc"]) or record_type, rule)


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))
