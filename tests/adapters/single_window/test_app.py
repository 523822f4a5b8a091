"""What the stand-in promises over HTTP."""

from __future__ import annotations

import base64
from pathlib import Path

from fastapi.testclient import TestClient

from adapters.single_window_mock.app import create_app
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.store import MessageStore
from tests.adapters.single_window.conftest import STARTED_AT, Clock


def _open(window: TestClient, sender: str, after: int = 0, limit: int = 100) -> list[dict[str, object]]:
    answer = window.get("/v1/messages", params={"sender": sender, "after": after, "limit": limit})
    assert answer.status_code == 200, answer.text
    found = answer.json()["messages"]
    assert isinstance(found, list)
    return found


def _start(window: TestClient, name: str = "parcel", **order: object) -> dict[str, object]:
    answer = window.post(f"/v1/stories/{name}", json={"started_at": STARTED_AT, **order})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert isinstance(told, dict)
    return told


def test_a_message_is_handed_over_to_its_sender_only(window: TestClient, cast: Cast) -> None:
    _start(window)
    kinds = [message["envelope"]["kind"] for message in _open(window, cast.trader.uscc)]  # type: ignore[index]
    assert kinds == ["trade-parties", "CEB311"]


def test_a_message_that_was_not_acknowledged_is_handed_over_again(window: TestClient, cast: Cast) -> None:
    _start(window)
    assert _open(window, cast.broker.uscc) == _open(window, cast.broker.uscc)


def test_an_acknowledged_message_is_never_handed_over_again(window: TestClient, cast: Cast) -> None:
    _start(window)
    first = _open(window, cast.broker.uscc)[0]["envelope"]["id"]  # type: ignore[index]
    assert window.post(f"/v1/messages/{first}/acknowledgement").json() == {"state": "acknowledged"}
    assert _open(window, cast.broker.uscc) == []


def test_an_acknowledgement_outlives_the_process(tmp_path: Path, cast: Cast, clock: Clock) -> None:
    path = tmp_path / "kept.sqlite"
    before = MessageStore(path)
    window = TestClient(create_app(before, cast, clock=clock))
    _start(window)
    first = _open(window, cast.broker.uscc)[0]["envelope"]["id"]  # type: ignore[index]
    window.post(f"/v1/messages/{first}/acknowledgement")
    before.close()
    after = MessageStore(path)
    assert _open(TestClient(create_app(after, cast, clock=clock)), cast.broker.uscc) == []
    after.close()


def test_a_refused_message_keeps_code_and_reason(window: TestClient, cast: Cast) -> None:
    _start(window)
    first = _open(window, cast.broker.uscc)[0]["envelope"]["id"]  # type: ignore[index]
    window.post(
        f"/v1/messages/{first}/refusal", json={"code": "0002", "reason": "InventoryHead/netWeight: is negative"}
    )
    found = window.get(f"/v1/messages/{first}").json()
    assert (found["state"], found["code"], found["reason"]) == (
        "refused",
        "0002",
        "InventoryHead/netWeight: is negative",
    )
    assert _open(window, cast.broker.uscc) == []


def test_the_first_word_about_a_message_stands(window: TestClient, cast: Cast) -> None:
    _start(window)
    first = _open(window, cast.broker.uscc)[0]["envelope"]["id"]  # type: ignore[index]
    window.post(f"/v1/messages/{first}/acknowledgement")
    answer = window.post(f"/v1/messages/{first}/refusal", json={"code": "0001", "reason": "too late"})
    assert answer.json() == {"state": "acknowledged"}


def test_paging_forward_gives_every_message_once(window: TestClient, cast: Cast) -> None:
    for _ in range(4):
        _start(window)
    seen, after = [], 0
    while page := _open(window, cast.customs.uscc, after, limit=3):
        seen += [message["envelope"]["id"] for message in page]  # type: ignore[index]
        after = int(str(page[-1]["cursor"]))
    assert len(seen) == len(set(seen)) == 4 * 6


def test_a_late_message_stands_after_those_already_handed_over(window: TestClient, cast: Cast, clock: Clock) -> None:
    _start(window, pace_s=60)
    assert _open(window, cast.customs.uscc) == []
    clock.now += 60 * 20
    late = _open(window, cast.customs.uscc)
    assert len(late) == 6
    assert [message["cursor"] for message in late] == sorted(int(str(message["cursor"])) for message in late)


def test_the_same_story_and_seed_give_the_same_messages_once(window: TestClient, cast: Cast) -> None:
    first = _start(window, seed=7)
    before = _open(window, cast.broker.uscc)
    again = _start(window, seed=7)
    assert (again["new"], again["ucrs"]) == (0, first["ucrs"])
    assert _open(window, cast.broker.uscc) == before


def test_each_start_without_a_seed_is_another_consignment(window: TestClient) -> None:
    assert _start(window)["ucrs"] != _start(window)["ucrs"]


def test_a_story_that_nobody_knows_is_not_found(window: TestClient) -> None:
    assert window.post("/v1/stories/odyssey").status_code == 404


def test_a_message_that_nobody_sent_is_not_found(window: TestClient) -> None:
    assert window.post("/v1/messages/nothing/acknowledgement").status_code == 404


def test_goods_known_by_any_shared_number_get_one_ucr(window: TestClient) -> None:
    order = {"kind": "order", "scope": "1101110325", "value": "order-1"}
    waybill = {"kind": "transport_document", "scope": "1101180326", "value": "L-1"}
    first = window.post("/v1/assignments", json={"kind": "trade.order", "references": [order]}).json()
    second = window.post(
        "/v1/assignments", json={"kind": "logistics.transport_document", "references": [waybill, order]}
    ).json()
    third = window.post("/v1/assignments", json={"kind": "logistics.event", "references": [waybill]}).json()
    assert (first["new"], second["new"], third["new"]) == (True, False, False)
    assert first["ucr"] == second["ucr"] == third["ucr"]


def test_a_number_of_another_platform_is_another_consignment(window: TestClient) -> None:
    ucrs = {
        window.post(
            "/v1/assignments",
            json={"kind": "trade.order", "references": [{"kind": "order", "scope": scope, "value": "1"}]},
        ).json()["ucr"]
        for scope in ("A", "B")
    }
    assert len(ucrs) == 2


def test_load_consignments_are_lists_of_ten_lines(window: TestClient, cast: Cast) -> None:
    assert window.post("/v1/consignments", json={"count": 3, "lines": 10}).json() == {"consignments": 3, "new": 3}
    bodies = [base64.b64decode(str(message["body"])) for message in _open(window, cast.broker.uscc)]
    assert [body.count(b"<ceb:InventoryList>") for body in bodies] == [10, 10, 10]


def test_a_whole_load_consignment_has_all_its_messages(window: TestClient) -> None:
    answer = window.post("/v1/consignments", json={"count": 3, "first": 50, "whole": True})
    assert answer.json() == {"consignments": 3, "new": 30}


def test_a_fault_order_doubles_under_one_id_and_adds_broken_messages(window: TestClient, cast: Cast) -> None:
    _start(window, faults={"duplicates": 1.0, "truncated": 1.0, "hostile": 1.0, "disorder": True})
    ids = [message["envelope"]["id"] for message in _open(window, cast.broker.uscc)]  # type: ignore[index]
    assert len(ids) == 4
    assert len(set(ids)) == 3


def test_one_acknowledgement_settles_every_copy_of_a_doubled_message(window: TestClient, cast: Cast) -> None:
    _start(window, faults={"duplicates": 1.0})
    first, second = (message["envelope"]["id"] for message in _open(window, cast.broker.uscc))  # type: ignore[index]
    assert first == second
    window.post(f"/v1/messages/{first}/acknowledgement")
    assert _open(window, cast.broker.uscc) == []


def test_replies_first_puts_customs_words_before_the_declaration(
    window: TestClient, store: MessageStore, cast: Cast
) -> None:
    _start(window, faults={"replies_first": True})
    _open(window, cast.broker.uscc)
    reply = window.get("/v1/messages/parcel-000001-06").json()["cursor"]
    declaration = window.get("/v1/messages/parcel-000001-04").json()["cursor"]
    assert reply < declaration
