"""Writes customs messages for tests: every value is ours, valid, and can be replaced or left out by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adapters.formats.ceb import tables, tables_export, tables_replies, tables_returns
from adapters.formats.ceb.layout import Layout

CEB = "http://www.chinaport.gov.cn/ceb"
DEC = "http://www.chinaport.gov.cn/dec"

GUID = "0A1B2C3D-0000-4000-8000-000000000001"

LAYOUTS: dict[str, Layout] = {
    layout.number: layout
    for module in (tables, tables_export, tables_replies, tables_returns)
    for layout in vars(module).values()
    if isinstance(layout, Layout)
}
"""Every kind of CEB message by its number."""

VALUES: dict[str, str] = {
    "guid": GUID,
    "appType": "1",
    "appTime": "20260302093000",
    "appStatus": "2",
    "orderType": "I",
    "orderNo": "TG202603020001",
    "ebpCode": "1105910159",
    "ebpName": "京东方舟平台",
    "ebcCode": "1105960777",
    "ebcName": "北京云帆电商有限公司",
    "goodsValue": "300",
    "freight": "20",
    "discount": "0",
    "taxTotal": "27.30",
    "acturalPaid": "347.30",
    "currency": "142",
    "buyerRegNo": "U-1001",
    "buyerName": "测试甲",
    "buyerTelephone": "13800000000",
    "buyerIdType": "1",
    "buyerIdNumber": "110101199001011237",
    "payCode": "1105980001",
    "payName": "首都支付有限公司",
    "payTransactionId": "PAY2026030200001",
    "consignee": "测试甲",
    "consingee": "测试甲",
    "consigneeTelephone": "13800000000",
    "consigneeAddress": "北京市顺义区测试路1号",
    "payerIdType": "1",
    "payerIdNumber": "110101199001011237",
    "payerName": "测试甲",
    "telephone": "13800000000",
    "amountPaid": "347.30",
    "payTime": "20260302093100",
    "logisticsCode": "1105980326",
    "logisticsName": "京通快递有限公司",
    "logisticsNo": "L2026030200001",
    "billNo": "99912345675_H0001",
    "insuredFee": "0",
    "weight": "1.5",
    "packNo": "1",
    "goodsInfo": "保温杯",
    "logisticsStatus": "S",
    "logisticsTime": "20260305101500",
    "copNo": "COP202603020001",
    "preNo": "B20260302000000001",
    "invtNo": "010120261000000017",
    "assureCode": "1105910159",
    "ieFlag": "I",
    "declTime": "20260302",
    "customsCode": "0101",
    "portCode": "0101",
    "ieDate": "20260302",
    "agentCode": "1105980088",
    "agentName": "北京通衢报关有限公司",
    "tradeMode": "9610",
    "trafMode": "5",
    "trafNo": "CA926",
    "trafName": "CA926",
    "voyageNo": "20260302",
    "country": "116",
    "wrapType": "2",
    "grossWeight": "1.5",
    "netWeight": "1.2",
    "reason": "买家退货",
    "operatorCode": "1105990001",
    "operatorName": "天竺监管场所",
    "gnum": "1",
    "itemNo": "SKU-1",
    "itemName": "保温杯",
    "gcode": "9617009000",
    "gname": "保温杯",
    "gmodel": "0|0|不锈钢|500ml",
    "barCode": "4900000000017",
    "qty": "3",
    "unit": "007",
    "qty1": "3",
    "unit1": "007",
    "price": "100",
    "totalPrice": "300",
    "tradeCountry": "116",
    "returnStatus": "800",
    "returnTime": "20260302100000123",
    "returnInfo": "放行",
    "taxNo": "TAX202603020001",
    "customsTax": "0",
    "valueAddedTax": "27.30",
    "consumptionTax": "0",
    "taxPrice": "300",
    "status": "1",
    "entDutyNo": "",
    "payNo": "PAY2026030200001",
    "charge": "300",
    "accountingDate": "20260302093100",
    "statisticsFlag": "A",
    "ownerCode": "1105960777",
    "ownerName": "北京云帆电商有限公司",
    "POD": "3014",
    "fCurrency": "142",
    "fFlag": "3",
    "iCurrency": "142",
    "iFlag": "3",
    "domesticTrafNo": "京A12345",
    "msgCount": "1",
    "msgSeqNo": "1",
    "leaveTime": "20260303120000",
    "coElNo": "CE202603020001",
    "declagAgentCode": "1105980088",
    "declAgentCode": "1105980088",
    "declAgentName": "北京通衢报关有限公司",
    "agengName": "北京通衢报关有限公司",
    "summaryFlag": "1",
    "itemNameFlag": "1",
    "sumNo": "S20260302000000001",
    "opDate": "20260310100000123",
    "declSeqNo": "D20260310000000001",
    "decState": "R",
    "entryId": "010120260000000018",
    "gseqno": "1",
    "rkdNo": "RKD202603020001",
    "oriCopMsgId": "MSG-1",
    "oriMessageType": "CEB621Message",
    "oriBizMessage": "&lt;x/&gt;",
    "totalPackageNo": "TP-1",
}
"""A valid value for every field of the CEB tables, by the field's name."""


def ceb(number: str, entities: Iterable[str], *, transfer: bool = True) -> bytes:
    """A whole CEB message of these entities."""
    body = "".join(entities)
    if transfer:
        fields = {"copCode": "1105980326", "copName": "传输企业", "dxpMode": "DXP", "dxpId": "DXPTEST0000000001"}
        body += element("BaseTransfer", fields)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ceb:CEB{number}Message guid="{GUID}" version="1.0"'
        f' xmlns:ceb="{CEB}">{body}</ceb:CEB{number}Message>'
    ).encode()


def element(name: str, fields: Mapping[str, str | None], inner: str = "", prefix: str = "ceb:") -> str:
    """One element with a child for each field that is not None."""
    children = "".join(f"<{prefix}{key}>{value}</{prefix}{key}>" for key, value in fields.items() if value is not None)
    return f"<{prefix}{name}>{children}{inner}</{prefix}{name}>"


def fields(names: Iterable[str], **changed: str | None) -> dict[str, str | None]:
    """The valid value of every name, with some changed; a changed value of None leaves the field out."""
    values: dict[str, str | None] = {name: VALUES[name] for name in names if VALUES.get(name)}
    return values | changed


def entity(number: str, lines: int = 1, line: Mapping[str, str | None] | None = None, **changed: str | None) -> str:
    """One valid entity of that kind, with some head fields changed and every line with some fields changed."""
    layout = LAYOUTS[number]
    if number == "303":
        changed = {"orderType": "E", **changed}
    head = fields((row.name for row in layout.fields.rows), **changed)
    inner = ""
    if layout.lines is not None:
        names = [row.name for row in layout.lines.rows]
        for count in range(1, lines + 1):
            own: dict[str, str | None] = {"gnum": str(count)} if "gnum" in names else {}
            if "logisticsNo" in names:
                own["logisticsNo"] = f"L{count:06d}"
            inner += element(layout.line, fields(names, **(own | dict(line or {}))))
    name = layout.entity.split("/")[0]
    return element(name, {}, element(layout.head, head) + inner) if layout.head else element(name, head)


def message(number: str, lines: int = 1, line: Mapping[str, str | None] | None = None, **changed: str | None) -> bytes:
    """A whole message with one such entity."""
    return ceb(number, [entity(number, lines, line, **changed)], transfer=LAYOUTS[number].drafts)
