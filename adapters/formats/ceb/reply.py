"""What customs and the e-port answer: every CEB reply, the summary result CEB792, the format error CEB900.

A reply with a decision (`returnStatus` from 100) is about its own message: only 622 and 604 are about the declaration
and move its state. 1 to 4 and below 0 tell how the message fared and are marked technical.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from adapters.formats.ceb import tables_replies as tables
from adapters.formats.ceb.layout import Layout
from adapters.formats.ceb.reader import Built, CebReader, Job
from adapters.formats.ceb.trade import Values, present
from adapters.mapping.chinese_customs import company, kilograms
from adapters.mapping.customs_states import CHANNELS, RETURN_STATUSES, is_technical_status
from chain.records.base import Reference
from chain.records.customs import CustomsStatus
from chain.records.scalars import Code
from chain.records.sections import Status, StatusNote, StatusSubject
from chain.records.transport import Transport

NUMBER_NAMES: Final = ("invtNo", "orderNo", "payTransactionId", "payNo", "logisticsNo", "rkdNo", "sumNo", "billNo")
"""Fields that may name what a reply is about, the strongest first; the company's own number comes after them."""
REPEATED: Final = (
    *("payNo", "rkdNo", "sumNo", "logisticsStatus", "statisticsFlag", "declSeqNo", "decTmpNo", "msgCount"),
    *("oriMessageType",),
)
"""Fields of replies that have no place of their own in a status and are kept among its flags."""


def build_reply(head: Values, lines: tuple[Values, ...], job: Job, *, about: StatusSubject) -> Built:
    """One reply entity becomes a customs.status."""
    said = head["returnStatus"]
    state, meaning = RETURN_STATUSES.get(said, (None, None))
    technical = is_technical_status(said)
    if said not in RETURN_STATUSES and not said.startswith("-"):
        job.coding.remark("unknown-code", f"ceb-return-status has no code {said}; the state is kept", "status.code")
    references = _references(head, job)
    info = head.get("returnInfo")
    number = next((head[name] for name in NUMBER_NAMES if name in head), _own_number(head))
    record = CustomsStatus(
        references=references,
        source=job.source,
        status=Status(
            about=about,
            code=Code(
                system="ceb-return-status",
                value=said,
                name=meaning or ("processing error" if said.startswith("-") else None),
                known=meaning is not None or said.startswith("-"),
            ),
            state=state if about == "declaration" else None,
            technical=technical,
            at=job.said,
            notes=(StatusNote(text=info, field=None),) if info else (),
            number=number,
            **_repeated(head, job),
        ),
        parties=present(
            company("platform", head.get("ebpCode"), None),
            company("merchant", head.get("ebcCode"), None),
            company("agent", head.get("agentCode"), None),
            company("logistics_company", head.get("logisticsCode"), None),
            company("payment_company", head.get("payCode"), None),
            company("supervised_site", head.get("operatorCode"), None),
        ),
    )
    return Built(record, references)


def _repeated(head: Values, job: Job) -> dict[str, Any]:
    """What a reply repeats beside the numbers that are references."""
    flags = [(f"ceb-{name}", head[name]) for name in REPEATED if name in head]
    return {
        "guid": job.guid,
        "office": job.coding.code("cn-customs-office", head.get("customsCode")),
        "part": int(head["msgSeqNo"]) or None if "msgSeqNo" in head else None,
        "flags": tuple(Code(system=system, value=value) for system, value in flags),
    }


def _own_number(head: Values) -> str | None:
    return head.get("copNo") or head.get("coElNo")


def _references(head: Values, job: Job) -> tuple[Reference, ...]:
    """Every number that the reply repeats, with the party whose number it is, the strongest first."""
    lodger = next((head[name] for name in ("agentCode", "operatorCode", "logisticsCode") if name in head), "")
    references = job.reference("declaration", head.get("invtNo")) + job.reference("pre", head.get("preNo"))
    if own := _own_number(head):
        references += job.reference("cop", own, lodger)
    if "orderNo" in head:
        references += job.reference("order", head["orderNo"], head.get("ebpCode") or head.get("ebcCode"))
    if "payTransactionId" in head:
        references += job.reference("payment", head["payTransactionId"], head.get("payCode"))
    if "logisticsNo" in head:
        references += job.reference("transport_document", head["logisticsNo"], head.get("logisticsCode"))
    return references + job.reference("master_bill", head.get("billNo"))


def build_summary(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB792 becomes a customs.status about the summary, naming the declaration and the lists in it."""
    declared = job.reference("declaration", head.get("entryId")) + job.reference("pre", head.get("decPreNo"))
    lists: dict[tuple[str, str], tuple[Reference, ...]] = {}
    for line in lines:
        lists[("list", line["invtNo"])] = job.reference("declaration", line["invtNo"])
        # The carrier of the parcel is not named, so its waybill number is no reference.
    inside = tuple(reference for found in lists.values() for reference in found)
    meaning = CHANNELS.get(head["decState"], (None, None))[1]
    record = CustomsStatus(
        references=declared + inside,
        source=job.source,
        status=Status(
            about="summary",
            code=Code(system="cn-channel", value=head["decState"], name=meaning, known=meaning is not None),
            at=job.said,
            number=head.get("entryId") or head["sumNo"],
            notes=(StatusNote(text=head["note"]),) if "note" in head else (),
            **_repeated(head, job),
        ),
        parties=present(
            company("agent", head["agentCode"], head["agentName"]),
            company("trader", head["ebcCode"], head["ebcName"]),
            company("declarant", head["declagAgentCode"], head["declAgentName"]),
        ),
        transport=Transport(gross=kilograms(head["grossWeight"]), net=kilograms(head["netWeight"])),
    )
    return Built(record, inside or declared)


def build_format_error(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB900 becomes a technical customs.status about the message that could not be read.

    The original message inside (`oriBizMessage`) is neither read nor kept: it may hold personal data.
    """
    record = CustomsStatus(
        source=job.source,
        status=Status(
            about="message",
            code=Code(system="ceb-return-status", value=head["returnStatus"], name="format error"),
            technical=True,
            at=job.said,
            notes=(StatusNote(text=head["returnInfo"][:4_000]),) if "returnInfo" in head else (),
            number=head.get("oriCopMsgId"),
            **_repeated(head, job),
        ),
    )
    return Built(record)


_ABOUT: Final[tuple[tuple[Layout, StatusSubject], ...]] = (
    (tables.CEB312, "order"),
    (tables.CEB412, "payment"),
    (tables.CEB512, "waybill"),
    (tables.CEB514, "delivery"),
    (tables.CEB622, "declaration"),
    (tables.CEB624, "cancellation"),
    (tables.CEB626, "return"),
    (tables.CEB712, "inbound_list"),
    (tables.CEB304, "order"),
    (tables.CEB404, "payment"),
    (tables.CEB506, "waybill"),
    (tables.CEB508, "arrival"),
    (tables.CEB510, "departure"),
    (tables.CEB604, "declaration"),
    (tables.CEB606, "cancellation"),
    (tables.CEB608, "manifest"),
    (tables.CEB214, "return"),
    (tables.CEB216, "tally"),
    (tables.CEB702, "summary"),
)

READERS: Final = (
    *(CebReader(layout, partial(build_reply, about=about)) for layout, about in _ABOUT),
    CebReader(tables.CEB792, build_summary, many=True),
    CebReader(tables.CEB900, build_format_error),
)
