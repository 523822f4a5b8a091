"""What an operator did stands in order in its log, and its own members alone read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from chain.members import Role
from gateway.query.operator_log import OperatorLog
from gateway.store.operator_log import LINES_OF_MEMBER_MAX, OperatorAction, actions_after, note_action
from scripts.commands.gateway_commands import operator_log_text
from tests.gateway.memory_consortium import BROKER, CARRIER, GATEWAY, PUBLIC_URL, PaperGateway, Town, make_settings


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def http(gateway: PaperGateway, town: Town) -> TestClient:
    town.chain.admit(GATEWAY, Role.GATEWAY)
    town.chain.add_key(GATEWAY, gateway.signer)
    gateway.registry.refresh()
    return TestClient(gateway.app(), base_url=PUBLIC_URL)


def actions(gateway: PaperGateway) -> list[str]:
    with gateway.store.reading() as connection:
        return [row.action for row in actions_after(connection, 0, 1_000)]


def test_a_start_with_other_settings_names_each_with_its_value_before_and_after(
    gateway: PaperGateway, town: Town, tmp_path: Path
) -> None:
    OperatorLog(gateway.store, gateway.settings, town.clock).note_start()
    changed = make_settings(tmp_path, gateway.url, anchor_promise_s=600)
    OperatorLog(gateway.store, changed, town.clock).note_start()
    OperatorLog(gateway.store, changed, town.clock).note_stop()
    assert actions(gateway) == ["start", "settings", "start", "stop"]
    with gateway.store.reading() as connection:
        line = actions_after(connection, 1, 1)[0]
    assert line.detail == {"changed": {"anchor_promise_s": [300, 600]}}
    assert "anchor_promise_s: 300 → 600" in operator_log_text(line._asdict())


def test_a_password_stands_in_no_line(gateway: PaperGateway, town: Town) -> None:
    secret = gateway.settings.model_copy(
        update={
            "store_url": "postgresql://me:hunter2@db/tongguan",
            "rpc_url": "https://me:hunter2@node.test/?key=hunter2",
        }
    )
    OperatorLog(gateway.store, secret, town.clock).note_start()
    with gateway.store.reading() as connection:
        assert "hunter2" not in json.dumps([row.detail for row in actions_after(connection, 0, 9)])


def test_members_of_the_operator_read_it_page_by_page_and_others_do_not(
    http: TestClient, gateway: PaperGateway, town: Town
) -> None:
    log = OperatorLog(gateway.store, gateway.settings, town.clock)
    for number in range(3):
        log.note(OperatorAction.BACKUP, {"file": f"{number}.sqlite"})
    own = gateway.bearer(gateway.signer, GATEWAY)
    first = http.get("/v1/operator-log", params={"limit": 2}, headers=own).json()
    rest = http.get("/v1/operator-log", params={"after": first["next"]}, headers=own).json()
    assert [line["detail"]["file"] for line in first["lines"] + rest["lines"]] == ["0.sqlite", "1.sqlite", "2.sqlite"]
    assert rest["next"] is None
    for key, member in ((town.carrier, CARRIER), (town.broker, BROKER)):
        assert http.get("/v1/operator-log", headers=gateway.bearer(key, member)).status_code == 403
    assert http.get("/v1/operator-log").status_code == 401


def test_no_member_fills_the_log(gateway: PaperGateway) -> None:
    with gateway.store.writing() as connection:
        note_action(connection, 1, OperatorAction.START, {"settings": {}})
        for number in range(LINES_OF_MEMBER_MAX + 50):
            note_action(connection, 2, OperatorAction.WEBHOOK_ADDED, {"webhook": str(number)}, CARRIER)
        note_action(connection, 3, OperatorAction.WEBHOOK_ADDED, {"webhook": "one"}, BROKER)
        rows = actions_after(connection, 0, 1_000)
    assert [row.action for row in rows].count("webhook-added") == LINES_OF_MEMBER_MAX + 1
    assert (rows[0].action, rows[1].detail["webhook"], rows[-1].member) == ("start", "50", BROKER)


def test_the_application_notes_its_start_and_its_end(gateway: PaperGateway, town: Town) -> None:
    with TestClient(gateway.app(), base_url=PUBLIC_URL):
        assert actions(gateway) == ["start"]
    gateway.reopen()
    assert actions(gateway) == ["start", "stop"]
