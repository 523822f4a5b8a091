"""COARRI and CODECO: each field at each place where D.95B lets it stand, each function, each way of writing."""

from __future__ import annotations

import pytest

from adapters.formats.container_moves import tables
from adapters.mapping.edifact import FUNCTIONS
from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import LogisticsEvent

BOX = "CSQU3054383"
HEADS = {"DISC": ("COARRI", "44"), "LOAD": ("COARRI", "46"), "GTIN": ("CODECO", "34"), "GTOT": ("CODECO", "36")}


def interchange(
    move: str = "GTIN",
    *,
    head: str = "",
    vessel: str = "",
    goods: str = "",
    container: str = "DTM+7:202603020900:203'",
    function: str = "9",
    direction: str = "",
    number: str = "R1",
    una: str = "",
) -> bytes:
    """One message about one container, with these segments in these groups."""
    kind, document = HEADS[move]
    body = (
        f"BGM+{document}+{number}+{function}'{head}TDT+20+031E+1'{vessel}NAD+CF+COS:160:166'{goods}"
        f"EQD+CN+{BOX}+45G1:102:5++{direction}+5'{container}CNT+16:1'"
    )
    count = body.count("'") + 2
    message = f"UNH+1+{kind}:D:95B:UN:ITG12'{body}UNT+{count}+1'"
    return f"{una}UNB+UNOA:2+A+B+260302:0905+1'{message}UNZ+1+1'".encode()


def entity(body: bytes) -> Entity:
    (found,) = read_message(body).entities
    return found


def event_of(body: bytes) -> LogisticsEvent:
    record = entity(body).record
    assert isinstance(record, LogisticsEvent)
    return record


@pytest.mark.parametrize(
    ("move", "qualifier", "group"),
    [(move, qualifier, group) for move, places in tables.PLACE.items() for qualifier, group in places],
)
def test_a_move_is_found_at_each_place_where_it_may_be_said(move: str, qualifier: str, group: str) -> None:
    place = f"LOC+{qualifier}+CNTXG:139:6+PCT:TER:ZZZ'"
    time = "DTM+7:202603020900:203'"
    body = interchange(move, **{"container": time, group: place + (time if group == "container" else "")})
    record = event_of(body)
    assert record.event.place is not None
    assert record.event.place.unlocode == "CNTXG"
    assert record.event.place.code is not None
    assert record.event.place.code.value == "PCT"
    assert record.event.happened.utc == "2026-03-02T01:00:00Z"
    assert [remark.rule for remark in record.remarks] == ["local-time"]


@pytest.mark.parametrize(("direction", "port"), [("2", "CNTXG"), ("3", "KRPUS"), ("", None), ("6", None)])
def test_at_a_gate_without_its_place_the_direction_says_which_port_it_is(direction: str, port: str | None) -> None:
    record = event_of(interchange(vessel="LOC+9+CNTXG:139:6'LOC+11+KRPUS:139:6'", direction=direction))
    assert (record.event.place.unlocode if record.event.place else None) == port


@pytest.mark.parametrize(("qualifier", "group"), tables.TIME)
def test_a_time_is_found_at_each_place(qualifier: str, group: str) -> None:
    time = f"DTM+{qualifier}:202603020900:203'"
    place = "LOC+165+CNTXG:139:6'"
    body = interchange(**{"container": place, group: time + (place if group == "container" else "")})
    assert event_of(body).event.happened.utc == "2026-03-02T01:00:00Z"


@pytest.mark.parametrize(
    ("said", "utc"),
    [
        ("20260302:102", "2026-03-01T16:00:00Z"),
        ("260302:101", "2026-03-01T16:00:00Z"),
        ("2603020900:201", "2026-03-02T01:00:00Z"),
        ("202603020900:203", "2026-03-02T01:00:00Z"),
        ("20260302090000:204", "2026-03-02T01:00:00Z"),
        ("202603020900?+0900:205", "2026-03-02T00:00:00Z"),
        ("202603020900UTC:303", "2026-03-02T09:00:00Z"),
        ("202603020900?+08:303", "2026-03-02T01:00:00Z"),
        ("20260302090000GMT:304", "2026-03-02T09:00:00Z"),
    ],
)
def test_a_time_is_read_in_each_of_its_forms(said: str, utc: str) -> None:
    record = event_of(interchange(container=f"DTM+7:{said}'LOC+165+CNTXG:139:6'"))
    assert record.event.happened.utc == utc


@pytest.mark.parametrize(
    ("place", "utc", "rule"),
    [
        ("CNTXG", "2026-07-02T01:00:00Z", "local-time"),
        ("DEHAM", "2026-07-02T07:00:00Z", "local-time"),
        ("USLAX", "2026-07-02T16:00:00Z", "local-time"),
        ("ZZZZZ", "2026-07-02T09:00:00Z", "no-time-zone"),
    ],
)
def test_a_time_without_a_zone_is_that_of_the_place(place: str, utc: str, rule: str) -> None:
    record = event_of(interchange(container=f"DTM+7:202607020900:203'LOC+165+{place}:139:6'"))
    assert record.event.happened.utc == utc
    assert rule in {remark.rule for remark in record.remarks}


@pytest.mark.parametrize("group", tables.BILLS)
def test_a_bill_a_booking_and_a_declaration_are_found_in_each_group(group: str) -> None:
    said = "RFF+BM:COSU1234567890'RFF+BN:9000157890'RFF+ABT:010120261000000017'"
    time = "DTM+7:202603020900:203'"
    body = interchange(**{"container": time, group: ("GID+1'" if group == "goods" else "") + said + time})
    record = event_of(body)
    kinds = {(found.kind, found.value) for found in record.references}
    assert {
        ("transport_document", "COSU1234567890"),
        ("cop", "9000157890"),
        ("declaration", "010120261000000017"),
    } <= kinds
    assert record.event.bill == "COSU1234567890"


def test_the_containers_own_bill_counts_before_that_of_all() -> None:
    record = event_of(interchange(head="RFF+BM:HEAD'", container="RFF+BM:OWN'DTM+7:202603020900:203'"))
    assert [found.value for found in record.references if found.kind == "transport_document"] == ["OWN"]


@pytest.mark.parametrize("dimension", tables.GROSS)
def test_a_gross_weight_is_read_under_each_of_its_names(dimension: str) -> None:
    record = event_of(interchange(container=f"DTM+7:202603020900:203'MEA+AAE+{dimension}+KGM:12000'"))
    assert record.event.gross is not None
    assert record.event.gross.value == "12000.00000"


def test_a_verified_weight_counts_before_an_estimate_whichever_comes_first() -> None:
    weights = "MEA+AAE+EGW+KGM:8900'MEA+AAE+VGM+KGM:9100'"
    record = event_of(interchange(container=f"DTM+7:202603020900:203'{weights}"))
    assert record.event.gross is not None
    assert record.event.gross.value == "9100.00000"
    assert "MEA+AAE+EGW+KGM:8900" in {remark.text for remark in record.remarks}


def test_the_weight_of_the_goods_is_read_from_where_the_head_says_what_the_container_holds() -> None:
    goods = f"GID+1+40:CT'SGP+OTHR1234567+10'MEA+WT+G+KGM:1'SGP+{BOX}+30'MEA+WT+G+KGM:7000'"
    record = event_of(interchange(goods=goods))
    assert record.event.container is not None
    assert record.event.container.cargo_gross is not None
    assert record.event.container.cargo_gross.value == "7000.00000"


@pytest.mark.parametrize("una", ["", "UNA:+,? '", "UNA:+.? '", "UNA:+,  '"])
@pytest.mark.parametrize(("said", "value"), [("12000,5", "12000.50000"), ("12000.5", "12000.50000"), (",5", "0.50000")])
def test_a_number_is_read_with_either_decimal_mark(una: str, said: str, value: str) -> None:
    body = interchange(container=f"DTM+7:202603020900:203'MEA+AAE+G+KGM:{said}'", una=una)
    gross = event_of(body).event.gross
    assert gross is not None
    assert gross.value == value


@pytest.mark.parametrize("said", ["1,200,5", "1.200,5", "12 000", "12000,"])
def test_a_number_with_marks_between_thousands_is_refused(said: str) -> None:
    with pytest.raises(MalformedMessage, match="decimal number"):
        read_message(interchange(container=f"DTM+7:202603020900:203'MEA+AAE+G+KGM:{said}'"))


@pytest.mark.parametrize("function", [code for code in FUNCTIONS if code])
def test_each_message_function_does_what_it_says(function: str) -> None:
    read = entity(interchange(function=function))
    record = read.record
    assert isinstance(record, LogisticsEvent)
    does = FUNCTIONS[function]
    assert record.event.function == does
    assert (read.amends is not None) == (does != "new")
    assert (record.event.retracts == record.event.id) == (does == "delete")


def test_a_cancellation_amends_what_the_first_message_said_of_the_container() -> None:
    first, cancel = entity(interchange(number="R1")), entity(interchange(number="R1", function="1"))
    assert first.record is not None
    assert cancel.amends is not None
    assert cancel.amends in first.record.references
    other = entity(interchange(number="R2", function="1", container="RFF+ACW:R1'DTM+7:202603020900:203'"))
    assert other.amends == cancel.amends


@pytest.mark.parametrize("function", ["6", "11", "X"])
def test_a_function_that_does_neither_is_refused_by_its_name(function: str) -> None:
    with pytest.raises(MalformedMessage, match="message function") as refused:
        read_message(interchange(function=function))
    assert refused.value.faults[0].value == function


def test_what_is_not_read_is_kept_as_said() -> None:
    container = "DTM+7:202603020900:203'FTX+AAA+++DAMAGED DOOR'DGS+IMD+3+1263'"
    record = event_of(interchange(container=container, head="FTX+AAI+++HEAD NOTE'"))
    texts = [remark.text for remark in record.remarks if remark.rule == "not-read"]
    assert texts == ["FTX+AAI+++HEAD NOTE", "FTX+AAA+++DAMAGED DOOR", "DGS+IMD+3+1263"]


def test_a_full_or_empty_code_that_is_not_known_is_marked_and_not_guessed() -> None:
    record = event_of(interchange().replace(b"++5'DTM", b"++9'DTM").replace(b"+++5'", b"+++9'"))
    assert record.event.container is not None
    assert record.event.container.laden is None
    assert "unknown-code" in {remark.rule for remark in record.remarks}


def group(messages: bytes, reference: str = "7", count: int = 1, close: str | None = None) -> bytes:
    end = f"UNE+{count}+{reference if close is None else close}'".encode()
    return f"UNG+CODECO+A+B+260302:0905+{reference}+UN+D:95B'".encode() + messages + end


def message_in(body: bytes) -> bytes:
    return body[body.index(b"UNH") : body.index(b"UNZ")]


def test_messages_in_functional_groups_and_several_interchanges_are_read() -> None:
    inner = message_in(interchange())
    one = b"UNB+UNOA:2+A+B+260302:0905+1'" + group(inner) + group(inner, "8") + b"UNZ+2+1'"
    assert len(read_message(one).entities) == 2
    assert [found.ordinal for found in read_message(one + b"\r\n" + one).entities] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (group(message_in(interchange()), count=2), "counts the 1 messages"),
        (group(message_in(interchange()), close="9"), "repeats the reference 7"),
        (group(message_in(interchange())).removesuffix(b"UNE+1+7'"), "has its UNE"),
        (message_in(interchange()) + b"UNE+1+7'", "ends a group"),
    ],
)
def test_a_group_whose_ends_disagree_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(MalformedMessage, match=said):
        read_message(b"UNB+UNOA:2+A+B+260302:0905+1'" + body + b"UNZ+1+1'")
