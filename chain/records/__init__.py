"""What a record of each type holds, how it is signed and how a signed one is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chain.errors import MalformedRecord
from chain.members import Role

if TYPE_CHECKING:
    from chain.encoding import ReadTexts
    from chain.keys import SigningKey
    from chain.records.audit import (
        Access,
        AuditAccess,
        AuditDisposition,
        AuditErasure,
        AuditFinding,
        Difference,
        Disposition,
        ErasedRecord,
        Erasure,
        Finding,
        FindingInput,
        LaneHead,
        LaneSnapshot,
        TableRoot,
        TableRow,
    )
    from chain.records.base import Document, Record, Reference, ReferenceKind, Remark, Source
    from chain.records.customs import CustomsDeclaration, CustomsRequest, CustomsStatus, DeclarationHead, RequestHead
    from chain.records.logistics import (
        LogisticsEvent,
        LogisticsWeight,
        TransportDocument,
        TransportDocumentHead,
        WeightHead,
    )
    from chain.records.scalars import Amount, Code, Instant, Quantity, Weight, amount, fixed, instant
    from chain.records.tax import (
        AssessmentHead,
        InvoiceHead,
        RebateHead,
        RebateLine,
        TaxAssessment,
        TaxInvoice,
        TaxPayment,
        TaxPaymentHead,
        TaxRebate,
    )
    from chain.records.trade import (
        CertificateHead,
        Explanation,
        MandateHead,
        OrderHead,
        PaymentHead,
        TradeCertificate,
        TradeExplanation,
        TradeMandate,
        TradeOrder,
        TradeParties,
        TradePayment,
    )
    from chain.sdjwt import SignedRecord

    RECORD_TYPES: dict[str, type[Record]]
    """Every record type that there is, by its `vct`."""

_TYPES: Final = {
    "customs.declaration": "CustomsDeclaration",
    "customs.request": "CustomsRequest",
    "customs.status": "CustomsStatus",
    "logistics.transport_document": "TransportDocument",
    "logistics.event": "LogisticsEvent",
    "logistics.weight": "LogisticsWeight",
    "trade.order": "TradeOrder",
    "trade.payment": "TradePayment",
    "trade.parties": "TradeParties",
    "trade.certificate": "TradeCertificate",
    "trade.mandate": "TradeMandate",
    "tax.invoice": "TaxInvoice",
    "tax.assessment": "TaxAssessment",
    "tax.payment": "TaxPayment",
    "tax.rebate": "TaxRebate",
    "trade.explanation": "TradeExplanation",
    "audit.finding": "AuditFinding",
    "audit.disposition": "AuditDisposition",
    "audit.erasure": "AuditErasure",
    "audit.access": "AuditAccess",
}
"""Record types and the classes of their records."""

_HOMES: Final = {
    "audit": "Access AuditAccess AuditDisposition AuditErasure AuditFinding Difference Disposition ErasedRecord"
    " Erasure Finding FindingInput LaneHead LaneSnapshot TableRoot TableRow",
    "base": "Document Record Reference ReferenceKind Remark Source",
    "customs": "CustomsDeclaration CustomsRequest CustomsStatus DeclarationHead RequestHead",
    "logistics": "LogisticsEvent LogisticsWeight TransportDocument TransportDocumentHead WeightHead",
    "scalars": "Amount Code Instant Quantity Weight amount fixed instant",
    "tax": "AssessmentHead InvoiceHead RebateHead RebateLine TaxAssessment TaxInvoice TaxPayment TaxPaymentHead"
    " TaxRebate",
    "trade": "CertificateHead Explanation MandateHead OrderHead PaymentHead TradeCertificate TradeExplanation"
    " TradeMandate TradeOrder TradeParties TradePayment",
}
"""Which module of this package has which names. A module is imported when its first name is asked for: making a model
takes milliseconds, and who reads one file needs few of them."""

_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name == "RECORD_TYPES":
        value: Any = {vct: get_record_type(vct) for vct in _TYPES}
    elif name in _HOME_OF:
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


RECORD_RULES_FILE: Final = Path(__file__).with_name("record-rules.json")
"""Which roles may say which type of record; the registry keeps the file's hash."""

GOVERNORS_ONLY: Final = frozenset({"audit.finding", "audit.disposition"})
"""Types that governors may say and no participant, whatever its roles; for what any governor may say, the rules file
lists every role."""


@lru_cache(maxsize=1)
def record_rules_bytes() -> bytes:
    """The record rules exactly as they are hashed."""
    return RECORD_RULES_FILE.read_bytes()


def record_rules_hash() -> bytes:
    """SHA-256 of the record rules file, 32 bytes: what the registry keeps under `RECORD_RULES`."""
    return sha256(record_rules_bytes()).digest()


def parse_record_rules(rules: bytes) -> dict[str, Role]:
    """Record type to the roles that may say it, from a rules file; raises `ValueError` or `KeyError`."""
    said: dict[str, list[str]] = json.loads(rules)
    return {record_type: _roles(names) for record_type, names in said.items()}


def _roles(names: list[str]) -> Role:
    roles = Role(0)
    for name in names:
        roles |= Role[name]
    return roles


RECORD_RULES: Final[dict[str, Role]] = parse_record_rules(record_rules_bytes())
"""Record type to the roles that may say it."""


def parse_record(signed: SignedRecord) -> Record:
    """The typed record of a fully disclosed signed one; raises `MalformedRecord` naming its faults."""
    if signed.fits_model and (unread := _find_unread()(signed)) is not None:
        return unread
    record_type = get_record_type(signed.vct)
    if not signed.is_fully_disclosed():
        raise MalformedRecord("record", "is fully disclosed where it is to be understood", value=signed.record_id)
    return record_type.from_sections({name: signed.section(name) for name in signed.sections})


@lru_cache(maxsize=1)
def _find_unread() -> Callable[[SignedRecord], Record | None]:
    from chain.records.fastpath import find_unread_record

    return find_unread_record


def sign_record(
    record: Record,
    *,
    key: SigningKey,
    iss: str,
    consortium: str,
    iat: int,
    jti: str,
    amends: str | None = None,
    withdraws: bool = False,
) -> SignedRecord:
    """The record signed with fresh salts; with `withdraws` it takes back what `amends` names, and states nothing.

    Raises `MalformedRecord` where it names no UCR or is too large.
    """
    issue, write_json, read_texts = _issuing()
    return issue(
        record.to_sections(),
        vct=record.TYPE,
        iss=iss,
        consortium=consortium,
        iat=iat,
        jti=jti,
        key=key,
        amends=amends,
        withdraws=withdraws,
        read_texts=read_texts,
        write_json=write_json,
        proved=True,
    )


@lru_cache(maxsize=1)
def _issuing() -> tuple[Callable[..., SignedRecord], Callable[[object], bytes], ReadTexts]:
    import orjson

    from chain.records.fastpath import read_texts
    from chain.sdjwt import issue

    return issue, orjson.dumps, read_texts


def get_record_type(vct: str) -> type[Record]:
    """The model of a record type; raises `MalformedRecord` for a type that there is not."""
    if vct not in _TYPES:
        raise MalformedRecord("vct", f"is one of {', '.join(_TYPES)}", value=vct)
    found: type[Record] = globals().get(_TYPES[vct]) or __getattr__(_TYPES[vct])
    return found


def json_schema(vct: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a record type, each property one section; raises `MalformedRecord`."""
    schema = get_record_type(vct).model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:tongguan:record:{vct}",
        **schema,
    }


__all__ = [
    "GOVERNORS_ONLY",
    "RECORD_RULES",
    "RECORD_TYPES",
    "Access",
    "Amount",
    "AssessmentHead",
    "AuditAccess",
    "AuditDisposition",
    "AuditErasure",
    "AuditFinding",
    "CertificateHead",
    "Code",
    "CustomsDeclaration",
    "CustomsRequest",
    "CustomsStatus",
    "DeclarationHead",
    "Difference",
    "Disposition",
    "Document",
    "ErasedRecord",
    "Erasure",
    "Explanation",
    "Finding",
    "FindingInput",
    "Instant",
    "InvoiceHead",
    "LaneHead",
    "LaneSnapshot",
    "LogisticsEvent",
    "LogisticsWeight",
    "MandateHead",
    "OrderHead",
    "PaymentHead",
    "Quantity",
    "RebateHead",
    "RebateLine",
    "Record",
    "Reference",
    "ReferenceKind",
    "Remark",
    "RequestHead",
    "Source",
    "TableRoot",
    "TableRow",
    "TaxAssessment",
    "TaxInvoice",
    "TaxPayment",
    "TaxPaymentHead",
    "TaxRebate",
    "TradeCertificate",
    "TradeExplanation",
    "TradeMandate",
    "TradeOrder",
    "TradeParties",
    "TradePayment",
    "TransportDocument",
    "TransportDocumentHead",
    "Weight",
    "WeightHead",
    "amount",
    "fixed",
    "get_record_type",
    "instant",
    "json_schema",
    "parse_record",
    "parse_record_rules",
    "record_rules_bytes",
    "record_rules_hash",
    "sign_record",
]
