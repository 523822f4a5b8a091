"""The lies: values, weights, boxes, seals, bills, dates, offices, taxes, identities, in sea, air and parcel trade."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chain.rules.duty import cents
from tests.chain.rules.lies import Lie, again, both, document, times, without, words, xml
from tests.chain.rules.native import cast

DEC = "DecMessage"
RESULT = "DEC_RESULT"
RELEASE = "<CHANNEL>P<"


def lie(story: str, name: str, change: Any, *findings: str, tables: bool = False) -> Lie:
    """One lie with the findings that it must give."""
    return Lie(story, name, change, frozenset(findings), tables)


def certificates(edit: Any) -> Any:
    """Edits every certificate of the duty payment."""

    def spoil(value: Any) -> None:
        for certificate in value["certificates"]:
            edit(certificate)

    return document("DutyPayment", spoil)


def all_rates(rate: str) -> Any:
    """Every VAT line at that rate, its tax computed by it, the sums right."""

    def edit(certificate: dict[str, Any]) -> None:
        if certificate["taxType"] != "L":
            return
        for item in certificate["items"]:
            item["rate"] = rate
            item["tax"] = times(rate)(item["taxableValue"])
        certificate["amount"] = f"{sum(float(item['tax']) for item in certificate['items']):.2f}"

    return certificates(edit)


def set_first_tax(certificate: dict[str, Any]) -> None:
    """One yuan of tax on every line, and the sum right."""
    for item in certificate["items"]:
        item["tax"] = "1.00"
    certificate["amount"] = f"{len(certificate['items'])}.00"


def member(name: str, value: Any) -> Any:
    """Puts a member of every certificate."""
    return certificates(lambda certificate: certificate.__setitem__(name, value))


def box(index: int, edit: Any) -> Any:
    """Edits one event of a list of DCSA events."""
    return lambda events: edit(events[index])


OTHER_USCC = "91110000600037341L"
GATE = '"GTOT"'


def halve(xml_kind: str, *fields: str) -> Any:
    """Halves the fields everywhere in the message."""
    return both(*(xml(xml_kind, field, times("0.5", 4 if field == "DeclPrice" else 2)) for field in fields))


def vgm_weight(place: int, kilograms: float) -> Any:
    """Puts the verified mass of a box."""
    return lambda value: value["VGMDeclarations"][place]["VGM"]["weight"].__setitem__("value", kilograms)


def halve_first_line(certificate: dict[str, Any]) -> None:
    """Half the tax of the first line, and the sum right."""
    first = certificate["items"][0]
    first["tax"] = times("0.5")(first["tax"])
    certificate["amount"] = f"{sum(Decimal(item['tax']) for item in certificate['items']):.2f}"


def of_another_declaration(certificate: dict[str, Any]) -> None:
    """The certificate is for a declaration that nobody here knows."""
    other = certificate["declarationNumber"][:9] + "000000001"
    certificate["certificateNumber"] = other + certificate["certificateNumber"][18:]
    certificate["declarationNumber"] = other


def second_declaration(body: bytes) -> bytes:
    """Another declaration of other goods under other numbers, without bill and boxes."""
    import re

    text = re.sub(r"<SeqNo>.*?</SeqNo>", "<SeqNo>I20260000000000001</SeqNo>", body.decode())
    text = re.sub(r"<ClientSeqNo>.*?</ClientSeqNo>", "<ClientSeqNo>OTHER-1</ClientSeqNo>", text)
    text = re.sub(r"<ContrNo>.*?</ContrNo>", "<ContrNo>OTHER-1</ContrNo>", text)
    text = re.sub(r"\s*<BillNo>.*?</BillNo>", "", text)
    return re.sub(r"\s*<DecContainers>.*?</DecContainers>", "", text, flags=re.S).encode()


SEA = [
    lie("sea_import", "all prices halved", halve(DEC, "DeclPrice", "DeclTotal"), "C31-invoice", "C27-value"),
    lie("sea_import", "a tax of 1.00 on every line", certificates(set_first_tax), "C27-line", "C27-vat-base"),
    lie("sea_import", "VAT at rate 0", all_rates("0.00000"), "C27-vat-rate"),
    lie("sea_import", "VAT at a third of the rate", all_rates("0.04000"), "C27-vat-rate"),
    lie("sea_import", "no payment", without("DutyPayment"), "C29-released-unpaid"),
    lie(
        "sea_import",
        "paid 76 days late",
        member("paidAt", "2026-06-12T10:00:00+08:00"),
        "C30-late",
        "C29-released-unpaid",
    ),
    lie(
        "sea_import",
        "a second declaration beside halved prices",
        both(halve(DEC, "DeclPrice", "DeclTotal"), again(DEC, "", second_declaration)),
        "C31-invoice",
        "C27-value",
    ),
    lie(
        "sea_import",
        "another office releases",
        xml(RESULT, "CUSTOM_MASTER", "5301", text=RELEASE),
        "S02-not-competent",
    ),
    lie(
        "sea_import",
        "gross and net a fifth less",
        both(xml(DEC, "GrossWet", times("0.8", 3)), xml(DEC, "NetWt", times("0.8", 3))),
        "C13-gross",
        "C14-verified-mass",
        "C08-kilograms",
    ),
    lie("sea_import", "gross 5 % more", xml(DEC, "GrossWet", times("1.05", 3)), "C13-gross"),
    lie("sea_import", "ten packages fewer", xml(DEC, "PackNo", "50"), "C16-packages"),
    lie("sea_import", "another bill", xml(DEC, "BillNo", "COSU0000000001"), "C11-bill"),
    lie("sea_import", "another vessel", xml(DEC, "TrafName", "EVER GREEN"), "C17-vessel"),
    lie("sea_import", "another voyage", xml(DEC, "VoyNo", "999W"), "C17-voyage"),
    lie("sea_import", "arrived two weeks before", xml(DEC, "IEDate", "20260312"), "C17-arrival"),
    lie("sea_import", "another country of departure", xml(DEC, "TradeCountry", "VNM"), "C18-country"),
    lie("sea_import", "a heading that nobody invoiced", xml(DEC, "CodeTS", "8482100000", count=1), "C19-heading"),
    lie(
        "sea_import",
        "a box fails its check digit",
        words(DEC, "COSU2031486", "COSU2031487"),
        "C03-container",
        "C12-containers",
    ),
    lie("sea_import", "one box not declared", words(DEC, "COSU2031486", "MSKU9070323"), "C12-containers"),
    lie(
        "sea_import",
        "another seal at gate-out",
        document("DCSA TNT", box(0, lambda e: e["seals"].__setitem__(0, {"sealNumber": "ZZ1"})), text=GATE),
        "C20-seal",
    ),
    lie(
        "sea_import",
        "another box discharged",
        document("DCSA TNT", box(0, lambda e: e.__setitem__("equipmentReference", "MSKU9070323")), text='"DISC"'),
        "C12-moved",
    ),
    lie(
        "sea_import",
        "gate-out before release",
        document(
            "DCSA TNT",
            lambda events: [e.__setitem__("eventDateTime", "2026-03-28T10:30:00Z") for e in events],
            text=GATE,
        ),
        "C21-gate-out",
    ),
    lie(
        "sea_import",
        "gate-out before discharge",
        document(
            "DCSA TNT",
            lambda events: [e.__setitem__("eventDateTime", "2026-03-28T21:00:00Z") for e in events],
            text='"DISC"',
        ),
        "C21-order",
    ),
    lie(
        "sea_import",
        "left a month later",
        document(
            "DCSA TNT",
            lambda events: [e.__setitem__("eventDateTime", "2026-04-28T21:00:00Z") for e in events],
            text=GATE,
        ),
        "C26-dwell",
    ),
    lie(
        "sea_import",
        "loaded in a country not declared",
        document(
            "DCSA TNT",
            lambda events: [e["eventLocation"].__setitem__("UNLocationCode", "KPNAM") for e in events],
            text='"LOAD"',
        ),
        "C25-route",
        tables=True,
    ),
    lie(
        "sea_import",
        "verified mass 8 t more",
        document("DCSA VGM", lambda v: v["VGMDeclarations"][0]["VGM"]["weight"].__setitem__("value", 28000.0)),
        "C14-verified-mass",
    ),
    lie("sea_import", "another consignee", words("UBL Waybill", "测试trader", "某某贸易"), "C24-consignee"),
    lie(
        "sea_import",
        "another buyer on the invoice",
        both(words("UBL Invoice", cast().trader.uscc, OTHER_USCC), words("UBL Invoice", "测试trader", "某某贸易")),
        "C32-home",
    ),
    lie(
        "sea_import",
        "another seller on the invoice",
        words("UBL Invoice", "HANSE MASCHINENBAU AG", "OTHER HANDEL KG"),
        "C32-foreign",
    ),
    lie("sea_import", "an invoice a year old", xml("UBL Invoice", "IssueDate", "2025-03-01"), "C33-invoice-day"),
    lie("sea_import", "the invoice is FOB", words("UBL Invoice", ">CIF<", ">FOB<"), "C31-terms"),
    lie("sea_import", "declared FOB without freight", xml(DEC, "TransMode", "3"), "C09-freight-missing", "C31-terms"),
    lie(
        "sea_import",
        "freight declared again under CIF",
        words(
            DEC,
            "<TransMode>1</TransMode>",
            "<TransMode>1</TransMode><FeeMark>3</FeeMark><FeeRate>500</FeeRate><FeeCurr>USD</FeeCurr>",
        ),
        "C09-freight-twice",
    ),
    lie("sea_import", "price times quantity is not the total", xml(DEC, "DeclPrice", "40.0000", count=1), "C07-line"),
    lie("sea_import", "kilograms that are no net weight", xml(DEC, "FirstQty", "9000.000", count=1), "C08-kilograms"),
    lie(
        "sea_import",
        "a USCC fails its check",
        words(DEC, f"<OwnerCodeScc>{cast().trader.uscc}", "<OwnerCodeScc>911101059721242350"),
        "C01-uscc",
    ),
    lie("sea_import", "another agent than the submitter", xml(DEC, "AgentCodeScc", OTHER_USCC), "C01-agent"),
    lie(
        "sea_import", "the number is of another office", words(RESULT, "<ENTRY_ID>0202", "<ENTRY_ID>0101"), "C02-number"
    ),
    lie(
        "sea_import",
        "the taxpayer is another",
        certificates(lambda c: c["taxpayer"].__setitem__("uscc", OTHER_USCC)),
        "C37-taxpayer",
    ),
    lie(
        "sea_import",
        "the value for duty halved",
        certificates(
            lambda c: (
                [i.update(taxableValue=times("0.5")(i["taxableValue"]), tax=times("0.5")(i["tax"])) for i in c["items"]]
                and c.update(amount=f"{sum(float(i['tax']) for i in c['items']):.2f}")
            )
        ),
        "C27-value",
    ),
    lie("sea_import", "the rate of exchange is 1", member("exchangeRate", "1.000000"), "C27-value"),
    lie(
        "sea_import",
        "the sum of a certificate is less",
        certificates(lambda c: c.__setitem__("amount", "1.00")),
        "C27-sum",
    ),
    lie("sea_import", "paid after release", member("paidAt", "2026-03-28T21:00:00+08:00"), "C29-released-unpaid"),
]
AIR = [
    lie("air_import", "all prices halved", halve(DEC, "DeclPrice", "DeclTotal"), "C31-invoice", "C27-value"),
    lie(
        "air_import", "a digit of the waybill wrong", words(DEC, "<BillNo>", "<BillNo>1"), "C11-bill", "C04-air-waybill"
    ),
    lie(
        "air_import",
        "the goods 10 % lighter",
        both(xml(DEC, "GrossWet", times("0.9", 3)), xml(DEC, "NetWt", times("0.9", 3))),
        "C13-gross",
        "C08-kilograms",
    ),
    lie(
        "air_import",
        "delivered before release",
        words("LogisticsEvent", "2026-03-02T23:18:00Z", "2026-03-02T17:18:00Z", text="#DLV"),
        "C21-gate-out",
    ),
    lie(
        "air_import",
        "cleared before release",
        words("LogisticsEvent", "2026-03-02T19:18:00Z", "2026-03-02T17:18:00Z", text="#CCD"),
        "C21-cleared-early",
    ),
    lie(
        "air_import",
        "another importer on the waybill",
        both(words("Waybill", cast().trader.uscc, OTHER_USCC), words("Waybill", "测试trader", "某某贸易")),
        "C24-consignee",
    ),
    lie("air_import", "no payment", without("DutyPayment"), "C29-released-unpaid"),
    lie(
        "air_import",
        "another office assesses",
        xml(RESULT, "CUSTOM_MASTER", "5301", text="<CHANNEL>W<"),
        "S02-not-competent",
    ),
    lie("air_import", "arrived a week ago", xml(DEC, "IEDate", "20260220"), "C17-arrival"),
    lie("air_import", "three packages more", xml(DEC, "PackNo", "99"), "C16-packages"),
]
EXPORT = [
    lie(
        "export_rebate",
        "export prices doubled",
        both(xml(DEC, "DeclPrice", times("2", 4)), xml(DEC, "DeclTotal", times("2"))),
        "C31-invoice",
        "C38-fob_usd",
    ),
    lie(
        "export_rebate",
        "more exported than bought",
        document("ExportRebate", lambda v: v["mx"][0].__setitem__("cksl", "9999.000000")),
        "C38-quantity",
        "C38-purchase",
    ),
    lie(
        "export_rebate",
        "another code for the rebate",
        document("ExportRebate", lambda v: v["mx"][0].__setitem__("cksp_dm", "8517130000")),
        "C38-hs",
    ),
    lie(
        "export_rebate",
        "a rebate of more than its rate",
        document("ExportRebate", lambda v: v["mx"][0].__setitem__("mdtse", "99999.00")),
        "C38-rebate",
    ),
    lie(
        "export_rebate",
        "a rebate for an item that is not there",
        document("ExportRebate", lambda v: v["mx"][0].__setitem__("ckbgdh", v["mx"][0]["ckbgdh"][:18] + "009")),
        "C38-item",
    ),
    lie(
        "export_rebate",
        "a rebate though it was refused",
        both(xml(RESULT, "CHANNEL", "E", text=RELEASE), xml(RESULT, "CHANNEL", "E", text="<CHANNEL>R<")),
        "C38-state",
    ),
    lie(
        "export_rebate",
        "yuan at another rate",
        document("ExportRebate", lambda v: v["mx"][0].update(rmblaj="900000.00", mdtse="117000.00")),
        "C38-fob_cny",
    ),
    lie(
        "export_rebate",
        "no carrier knows the goods",
        both(without("Waybill"), without("LogisticsEvent", "#RCS"), without("LogisticsEvent", "#DEP")),
        "C40-no-movement",
    ),
    lie("export_rebate", "another destination", xml(DEC, "TradeCountry", "USA"), "C18-country", tables=True),
]
PARCEL = [
    lie("parcel", "all prices halved", halve("CEB621", "price", "totalPrice"), "C31-order", "C27-value"),
    lie("parcel", "VAT of 1.00", both(xml("CEB816", "valueAddedTax", "1.00")), "C27-vat-rate", "C27-sum"),
    lie("parcel", "no VAT at all", xml("CEB816", "valueAddedTax", "0.00"), "C27-vat-rate"),
    lie(
        "parcel",
        "the bill is another declaration's",
        words("CEB816", "<ceb:taxNo>0101", "<ceb:taxNo>0202"),
        "C28-bill-number",
    ),
    lie("parcel", "the goods heavier on the list", xml("CEB621", "grossWeight", times("2", 5)), "C13-gross"),
    lie("parcel", "two packages", xml("CEB621", "packNo", "2"), "C16-packages"),
    lie("parcel", "the bank paid another amount", xml("CEB411", "amountPaid", "1.00"), "C31-payment"),
    lie("parcel", "freight of 1.00 on the list", xml("CEB621", "freight", "1.00"), "C40-freight", "C27-value"),
    lie("parcel", "delivered before release", xml("CEB513", "logisticsTime", "20260302210500"), "C21-gate-out"),
    lie("parcel", "another office releases", xml("CEB622", "customsCode", "5301", text=">800<"), "S02-not-competent"),
    lie("parcel", "another bill on the list", xml("CEB621", "billNo", "99912345675"), "C11-bill"),
    lie("parcel", "quantity doubled, total kept", xml("CEB621", "qty", times("2", 5)), "C07-line"),
    lie("parcel", "net weight a third", xml("CEB621", "netWeight", times("0.33", 5)), "C08-kilograms"),
]


def duty_rates(rate: str) -> Any:
    """Every duty line at that rate, its tax computed by it; VAT follows from it, and the sums are right."""

    def edit(value: dict[str, Any]) -> None:
        duties: dict[int, str] = {}
        for certificate in sorted(value["certificates"], key=lambda one: str(one["taxType"])):
            for item in certificate["items"]:
                if certificate["taxType"] == "A":
                    item["rate"], item["tax"] = rate, times(rate)(item["taxableValue"])
                    duties[item["number"]] = item["tax"], item["taxableValue"]  # type: ignore[assignment]
                else:
                    tax, base = duties[item["number"]]
                    item["taxableValue"] = f"{Decimal(base) + Decimal(tax):.2f}"
                    item["tax"] = f"{cents(Decimal(item['taxableValue']) * Decimal(item['rate'])):.2f}"
            certificate["amount"] = f"{sum(Decimal(item['tax']) for item in certificate['items']):.2f}"

    return document("DutyPayment", edit)


WITH_TABLES = [
    lie("sea_import", "duty at rate 0, all else right", duty_rates("0.00000"), "C27-tariff", tables=True),
    lie(
        "air_import",
        "a code that is in no tariff",
        xml(DEC, "CodeTS", lambda code: code[:6] + "9998", count=1),
        "C05-hs-unknown",
        tables=True,
    ),
    lie("sea_import", "the first legal unit is pieces", xml(DEC, "FirstUnit", "007", count=1), "C08-unit", tables=True),
    lie("parcel", "VAT at 9 %", xml("CEB816", "valueAddedTax", times("0.6923077")), "C27-tariff", tables=True),
    lie("export_rebate", "another port of exit", xml(DEC, "EntyPortCode", "120201"), "C18-port", tables=True),
]
MORE = [
    lie(
        "sea_import",
        "a seal that differs from loading on",
        words("DCSA VGM", '"number": "CN', '"number": "XX'),
        "C20-seal",
    ),
    lie(
        "sea_import", "both boxes swapped for others", both(words(DEC, "COSU2031486", "MSKU9070323")), "C12-containers"
    ),
    lie("sea_import", "weighed 9 t less", document("DCSA VGM", vgm_weight(0, 9000.0)), "C14-verified-mass"),
    lie(
        "sea_import",
        "the arrival told a month early",
        words("DCSA TNT", "2026-03-27T", "2026-02-25T", text='"ARRI"'),
        "C17-arrival",
    ),
    lie(
        "sea_import",
        "the carrier's bill weighs half",
        xml("UBL Waybill", "GrossWeightMeasure", times("0.5", 3), count=1),
        "C13-gross",
    ),
    lie(
        "sea_import",
        "the carrier's bill counts 61",
        xml("UBL Waybill", "TotalTransportHandlingUnitQuantity", "61"),
        "C16-packages",
    ),
    lie(
        "sea_import",
        "the invoice doubled",
        both(
            xml("UBL Invoice", "TaxExclusiveAmount", times("2")), xml("UBL Invoice", "LineExtensionAmount", times("2"))
        ),
        "C31-invoice",
    ),
    lie("sea_import", "one tax line halved", certificates(halve_first_line), "C27-line", "C27-vat-base"),
    lie(
        "sea_import",
        "the tax bill paid is of another year's number",
        certificates(of_another_declaration),
        "C28-declaration",
        "C29-released-unpaid",
    ),
    lie("air_import", "a tax of 1.00 on every line", certificates(set_first_tax), "C27-line", "C27-vat-base"),
    lie("air_import", "VAT at rate 0", all_rates("0.00000"), "C27-vat-rate"),
    lie(
        "air_import",
        "paid 76 days late",
        member("paidAt", "2026-05-18T10:00:00+08:00"),
        "C30-late",
        "C29-released-unpaid",
    ),
    lie(
        "air_import", "another office releases", xml(RESULT, "CUSTOM_MASTER", "5301", text=RELEASE), "S02-not-competent"
    ),
    lie(
        "air_import",
        "a second declaration beside halved prices",
        both(halve(DEC, "DeclPrice", "DeclTotal"), again(DEC, "", second_declaration)),
        "C31-invoice",
        "C27-value",
    ),
    lie("air_import", "another agent than the submitter", xml(DEC, "AgentCodeScc", OTHER_USCC), "C01-agent"),
    lie(
        "air_import",
        "freight declared again under CIF",
        words(
            DEC,
            "<TransMode>1</TransMode>",
            "<TransMode>1</TransMode><FeeMark>3</FeeMark><FeeRate>500</FeeRate><FeeCurr>USD</FeeCurr>",
        ),
        "C09-freight-twice",
    ),
    lie("air_import", "declared EXW without freight", xml(DEC, "TransMode", "7"), "C09-freight-missing", "C31-terms"),
    lie(
        "air_inspected",
        "delivered while inspected",
        words("LogisticsEvent", "2026-03-03T", "2026-03-02T", text="#DLV"),
        "C21-gate-out",
    ),
    lie(
        "export_rebate",
        "half the goods weigh",
        both(xml(DEC, "GrossWet", times("0.5", 3)), xml(DEC, "NetWt", times("0.5", 3))),
        "C13-gross",
        "C08-kilograms",
    ),
    lie(
        "export_rebate",
        "the export invoice halved",
        both(
            xml("UBL Invoice", "TaxExclusiveAmount", times("0.5")),
            xml("UBL Invoice", "LineExtensionAmount", times("0.5")),
        ),
        "C31-invoice",
    ),
    lie("parcel", "the order worth more than declared", xml("CEB311", "goodsValue", times("3")), "C31-order"),
    lie("parcel", "the waybill weighs double", xml("CEB511", "weight", times("2", 5)), "C13-gross"),
    lie("parcel", "the carrier's freight is ten", xml("CEB511", "freight", "10.00"), "C40-freight"),
]
LIES = (*SEA, *AIR, *EXPORT, *PARCEL, *WITH_TABLES, *MORE)
"""Every lie, in the order of the stories."""

NOT_CAUGHT = [
    (
        lie("sea_import", "the trader's USCC is another's", xml(DEC, "TradeCoScc", OTHER_USCC)),
        "the owner still matches",
    ),
    (
        lie(
            "sea_import",
            "prices halved on declaration, invoice and tax bill alike",
            both(
                halve(DEC, "DeclPrice", "DeclTotal"),
                xml("UBL Invoice", "TaxExclusiveAmount", times("0.5")),
                xml("UBL Invoice", "LineExtensionAmount", times("0.5")),
                without("DutyPayment"),
                again("DEC_RESULT", "", lambda body: body, text=RELEASE),
            ),
        ),
        "papers that lie alike agree: only reference prices would tell; the lost payment is told",
    ),
    (
        lie(
            "sea_import", "another code under the same heading", xml(DEC, "CodeTS", lambda hs: hs[:6] + "0001", count=1)
        ),
        "without a tariff a code of ten digits is not judged",
    ),
    (
        lie("sea_import", "another country of origin", xml(DEC, "OriginCountry", "MYS")),
        "no paper that readers bring names the origin; without a preference nothing turns on it",
    ),
    (
        lie("parcel", "another buyer's identity number", xml("CEB411", "payerName", "另一人")),
        "persons are not compared: buyer and payer may differ",
    ),
    (
        lie("export_rebate", "another district of origin", xml(DEC, "DistrictCode", "44039")),
        "export chains need a table that is not public",
    ),
]
"""Lies that are not caught, and why; of the second only the lost payment is found."""
