"""Customs records: the declaration, requests about it, and what customs answered."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chain.records.base import Record
from chain.records.scalars import (
    Amount,
    Code,
    Country,
    Day,
    Direction,
    Function,
    Instant,
    Many,
    Note,
    Part,
    Text,
    Token,
)
from chain.records.sections import GoodsItem, Party, Status, Taxes, Transport, Valuation
from chain.sdjwt import GOODS_ITEMS_MAX


class FieldChange(Part):
    """One field of a declaration that is to be changed (修撤单 Item)."""

    field: Text
    """The field by the name or number that customs gives it (FieldCode)."""
    name: Text | None = None
    """Its name in words (FieldName)."""
    old: Note | None = None
    """What it says now (OldValue)."""
    new: Note | None = None
    """What it is to say (NewValue)."""
    old_name: Text | None = None
    """Meaning of a code that it says now (OldName)."""
    new_name: Text | None = None
    """Meaning of a code that it is to say (NewName)."""


class DeclarationHead(Part):
    """What a declaration says about itself."""

    number: Text | None = None
    """Declaration or list number (EntryId, invtNo: 18; MRN); None until customs gives one."""
    pre_number: Text | None = None
    """Pre-entry number (预录入编号, preNo)."""
    central_number: Text | None = None
    """The single window's number (数据中心统一编号, SeqNo)."""
    own_number: Text | None = None
    """The declarant's own number (copNo, ClientSeqNo, LRN)."""
    guid: Text | None = None
    """Id of this statement (CEB guid)."""
    function: Function = "new"
    """Whether it lodges, changes or deletes."""
    basis: Literal["declared", "imported-draft"] = "declared"
    """What it was read from: the declared form, or a draft that a reply proves to have been lodged (OperType G)."""
    stage: Literal["whole", "summary", "complete"] = "whole"
    """Two-step declaration (两步申报): `summary` 概要, `complete` 完整; `whole` where there is one step."""
    direction: Direction | None = None
    """`I` import, `E` export."""
    kind: Code | None = None
    """Kind of declaration (`cn-entry-type` M 通关无纸化 ..., `wco-type` IMA ...)."""
    form: Code | None = None
    """Form of the procedure beside the kind (单据类型 Type: ML, SD, CL, Z 自报自缴 ...)."""
    office: Code | None = None
    """Customs office of declaration (申报地海关, `cn-customs-office`, 4 digits)."""
    border_office: Code | None = None
    """Customs office at the border (进出境关别, portCode)."""
    procedure: Code | None = None
    """Customs procedure (监管方式, `cn-trade-mode` 0110, 9610, 1210 ...)."""
    levy: Code | None = None
    """Nature of levy (征免性质, `cn-cut-mode`)."""
    country_trade: Country | None = None
    """Country of the trading partner (贸易国)."""
    contract: Text | None = None
    """Contract number (合同协议号)."""
    licence: Text | None = None
    """Licence number (许可证号)."""
    account_book: Text | None = None
    """Bonded account book (备案号, 账册编号 emsNo)."""
    related_declaration: Text | None = None
    """Related declaration (关联报关单号)."""
    related_account_book: Text | None = None
    """Related account book (关联备案号)."""
    order: Text | None = None
    """Order number (orderNo) of a cross-border parcel."""
    waybill: Text | None = None
    """Waybill number (logisticsNo) of a cross-border parcel."""
    guarantee: Text | None = None
    """Guarantee number (担保扣税 assureCode)."""
    lodged: Instant | None = None
    """When it was lodged (appTime, IssueDateTime)."""
    declared_on: Day | None = None
    """Day of declaration (申报日期)."""
    accepted: Instant | None = None
    """When customs accepted it (WCO AcceptanceDateTime)."""
    item_count: Annotated[int, Field(ge=0, le=GOODS_ITEMS_MAX)] | None = None
    """Number of goods items as said."""
    part: Annotated[int, Field(ge=1)] | None = None
    """Which part this message is (msgSeqNo), where one statement is split over messages."""
    parts: Annotated[int, Field(ge=1)] | None = None
    """How many parts there are (msgCount)."""
    lists: Many[Text] = ()
    """Lists that it gathers (CEB607, 701)."""
    flags: Many[Code] = ()
    """Other marks: 担保验放, 税收征管标记, 两段准入, self declarations ..."""
    changes: Many[FieldChange] = ()
    """Field by field, what an amendment changes (修撤单)."""
    reason: Note | None = None
    """Why it is amended (修撤单 DecModNote)."""
    note: Note | None = None
    """Note (备注)."""


class CustomsDeclaration(Record):
    """Statement of the procedure for goods: DecMessage, CEB621, CEB603, CEB607, WCO DEC, UBL."""

    TYPE: ClassVar[str] = "customs.declaration"

    declaration: DeclarationHead
    """What it says about itself."""
    parties: Many[Party] = ()
    """Who takes part."""
    goods_items: Annotated[Many[GoodsItem], Field(max_length=GOODS_ITEMS_MAX)] = ()
    """The goods, one disclosure each."""
    transport: Transport | None = None
    """How they travel."""
    valuation: Valuation | None = None
    """What they cost."""
    taxes: Taxes | None = None
    """Taxes that the declarant computed or asks to guarantee."""


class RequestHead(Part):
    """What is asked for."""

    kind: Literal["amend", "cancel", "return", "summarise", "other"]
    """To amend (修改), cancel (撤销), return (退货), summarise (汇总) lists into a declaration."""
    number: Text | None = None
    """Number of the request, given by customs."""
    own_number: Text | None = None
    """The company's own number (copNo)."""
    guid: Text | None = None
    """Id of this statement (CEB guid)."""
    function: Function = "new"
    """Whether the request is new, changed or taken back."""
    about: Many[Text] = ()
    """Numbers of the declarations or lists that it is about (invtNo, entryId)."""
    order: Text | None = None
    """Order number."""
    waybill: Text | None = None
    """Waybill number."""
    direction: Direction | None = None
    """`I` import, `E` export."""
    office: Code | None = None
    """Customs office."""
    border_office: Code | None = None
    """Customs office at the border (portCode)."""
    procedure: Code | None = None
    """Customs procedure of what is asked for (监管方式, `cn-trade-mode`)."""
    flags: Many[Code] = ()
    """Other marks, each in a list named after its field (`ceb-summaryFlag`)."""
    lodged: Instant | None = None
    """When it was lodged (appTime)."""
    reason: Note | None = None
    """Why."""
    part: Annotated[int, Field(ge=1)] | None = None
    """Which part this message is (msgSeqNo)."""
    parts: Annotated[int, Field(ge=1)] | None = None
    """How many parts there are (msgCount)."""
    note: Note | None = None
    """Note."""


class CustomsRequest(Record):
    """A request to customs: it changes nothing until a reply decides. CEB623, 625, 605, 213, 701; WCO amendment."""

    TYPE: ClassVar[str] = "customs.request"

    request: RequestHead
    """The request itself."""
    parties: Many[Party] = ()
    """Who takes part."""
    goods_items: Annotated[Many[GoodsItem], Field(max_length=GOODS_ITEMS_MAX)] = ()
    """The goods concerned, one disclosure each."""
    transport: Transport | None = None
    """How they travel."""
    valuation: Valuation | None = None
    """What they cost."""


class CustomsStatus(Record):
    """What customs answered: DEC_RESULT, CEB replies with a decision, CEB792, WCO RES."""

    TYPE: ClassVar[str] = "customs.status"

    status: Status
    """The answer."""
    parties: Many[Party] = ()
    """Whom it names."""
    transport: Transport | None = None
    """Transport as the answer repeats it."""
    taxes: Taxes | None = None
    """Taxes that the answer tells (WCO RES 13)."""
    guarantee: Amount | None = None
    """Guarantee asked for."""
    deadline: Instant | None = None
    """Until when something must be done."""
    requested: Many[Token] = ()
    """Documents or fields asked for."""
