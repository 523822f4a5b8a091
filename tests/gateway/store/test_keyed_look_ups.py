"""No number that parties look for stands in a store, each is found, and a store from before is brought there safely."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from chain.errors import StoreFault
from chain.records import sign_record
from chain.records.base import Reference, Source
from gateway.search_index.facts import fill_once, flush_pending
from gateway.store import clear_rows
from gateway.store.backup import back_up, back_up_keys, restore
from gateway.store.look_ups import CLEAR_FACTS, LookUpKey, UnopenedStore
from gateway.store.references import NumberQuery, find_statements, find_waiting_statements
from gateway.store.search import FoundBy, find_citing, find_ucrs
from gateway.store.store import Store, Transaction
from gateway.store.vault import DataKeys, Vault
from tests.fakes.memory_ledger import CONSORTIUM
from tests.gateway.memory_consortium import CARRIER, PaperGateway, Town, departure
from tests.record_numbers import jti_of

VAULT = Vault(DataKeys("1", {"1": bytes(32)}))
OLDER = Path(__file__).with_name("store-0009.sql")
"""A store of revision 0009: three records whose facts can be found, and a fourth whose facts wait."""
OLD_TRADER = "91110000MA000004XF"
OLD_UCRS = [f"6CN{OLD_TRADER}-OLD{number}" for number in (1, 2, 3)]
TELEPHONE, OTHER_TELEPHONE, IDENTITY = "13800138000", "13900139000", "110101199003070000"
NUMBERS = [TELEPHONE, OTHER_TELEPHONE, IDENTITY, "78412345675", CARRIER]
"""What stood in clear in the older store's tables."""
OLD_FILE = bytes.fromhex("ab" * 32)


def write_older_store(file: Path) -> str:
    """The older store in a file; its URL."""
    with sqlite3.connect(file) as connection:
        connection.executescript(OLDER.read_text())
    connection.close()
    return f"sqlite:///{file}"


def numbers_in(folder: Path) -> list[str]:
    """Which of the numbers stand in any file of the folder, outside a UCR or a token's claims, where they belong."""
    content = b"".join(file.read_bytes() for file in folder.glob("store.sqlite*"))
    plain = re.sub(rb"6CN[0-9A-Z]{18}-[0-9A-Z]+", b"", content)
    return [number for number in NUMBERS if number != CARRIER and number.encode() in plain]


def found_in(store: Store) -> dict[str, object]:
    """What the older store's questions are answered with."""
    with store.reading() as connection:
        return {
            "telephone": sorted(one.ucr for one in find_statements(connection, NumberQuery("order", TELEPHONE))),
            "identity": sorted(one.ucr for one in find_statements(connection, NumberQuery("payment", IDENTITY))),
            "search": find_ucrs(connection, FoundBy([("order", TELEPHONE)], "", ""), None, "", 10),
            "goods": find_ucrs(connection, FoundBy([("goods", "la")], "", ""), None, "", 10),
            "file": [one.ucr for one in find_citing(connection, OLD_FILE, None)],
            "waiting": [
                one.ucr
                for one in find_waiting_statements(connection, NumberQuery("order", OTHER_TELEPHONE), [OLD_TRADER])
            ],
        }


EXPECTED = {
    "telephone": OLD_UCRS[:2],
    "identity": OLD_UCRS,
    "search": OLD_UCRS[:2],
    "goods": OLD_UCRS[:2],
    "file": [f"6CN{CARRIER}-000007"],
    "waiting": OLD_UCRS[2:],
}


def test_an_older_stores_numbers_are_found_as_before_and_stand_nowhere_in_its_file(tmp_path: Path) -> None:
    url = write_older_store(tmp_path / "store.sqlite")
    assert numbers_in(tmp_path), "the test looks in the wrong place"
    store = Store.open(url, VAULT)
    assert found_in(store) == EXPECTED
    flush_pending(store)
    assert found_in(store) == EXPECTED | {"goods": OLD_UCRS, "waiting": []}
    store.close()
    assert numbers_in(tmp_path) == []


def test_a_migration_that_is_killed_at_any_step_goes_on_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clear_rows, "ROWS_A_STEP", 4)
    kills = 0
    while True:
        folder = tmp_path / str(kills)
        folder.mkdir()
        url = write_older_store(folder / "store.sqlite")
        if _opened_until_killed(url, kills) == 0:
            break
        kills += 1
        store = Store.open(url, VAULT)
        assert found_in(store) == EXPECTED, f"after a kill at step {kills}"
        store.close()
        assert numbers_in(folder) == [], f"after a kill at step {kills}"
    assert kills > 12


def _opened_until_killed(url: str, steps: int) -> int:
    """Opens the store in a process that is killed before its step of that number; 0 where it had fewer."""
    child = os.fork()
    if child == 0:
        _open_and_die(url, steps)
    return os.waitpid(child, 0)[1]


def _open_and_die(url: str, steps: int) -> None:
    left, writing, rewrite = steps, Store.writing, Store.rewrite

    def count() -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    @contextmanager
    def counted(store: Store, *, derived: bool = False) -> Iterator[Transaction]:
        count()
        with writing(store, derived=derived) as connection:
            yield connection
            count()

    def rewritten(store: Store) -> None:
        count()
        rewrite(store)
        count()

    Store.writing, Store.rewrite = counted, rewritten  # type: ignore[method-assign,assignment]
    Store.open(url, VAULT)
    os._exit(0)


@pytest.mark.postgres
def test_an_older_store_on_postgresql_is_moved_too(postgres_url: str) -> None:
    store = Store.open(postgres_url, VAULT)
    with store.writing() as connection:
        connection.execute(text("CREATE TABLE cited_documents (sha256 bytea, record_seq bigint)"))
        connection.execute(
            text("INSERT INTO records VALUES (7, 'r', 'i', 'j', 'v', 'k', 1, NULL, 'accepted', NULL, 1, 2, 0)")
        )
        connection.execute(text("INSERT INTO cited_documents VALUES (:file, 7)"), {"file": OLD_FILE})
    store.close()
    store = Store.open(postgres_url, VAULT)
    with store.reading() as connection:
        rows = connection.execute(text("SELECT look_up, record_seq FROM keyed_documents")).all()
        assert [(len(bytes(look_up)), seq) for look_up, seq in rows] == [(32, 7)]
        assert clear_rows.find_clear_tables(connection) == []
        assert not clear_rows.is_rewrite_due(connection)
    store.close()


def test_a_new_record_leaves_none_of_its_numbers_in_clear_while_it_waits_and_after(
    gateway: PaperGateway, town: Town, tmp_path: Path
) -> None:
    record = departure(1).model_copy(
        update={
            "references": (Reference(kind="order", value=TELEPHONE), Reference(kind="payment", value=IDENTITY)),
            "goods_items": (),
            "source": Source(kind="ONE", sha256="cd" * 32),
        }
    )
    whose = {"key": town.carrier, "iss": CARRIER, "consortium": CONSORTIUM.hex()}
    signed = sign_record(record, iat=int(town.clock()), jti=jti_of("numbers"), **whose)
    gateway.intake.accept(signed.serialize().encode())
    ucr = f"6CN{CARRIER}-000001"
    for _ in ("waiting", "flushed"):
        with gateway.store.reading() as connection:
            assert [one.ucr for one in find_statements(connection, NumberQuery("order", TELEPHONE))] == [ucr]
        assert numbers_in(tmp_path) == []
        flush_pending(gateway.store)
    with gateway.store.reading() as connection:
        assert find_ucrs(connection, FoundBy([("payment", IDENTITY)], "", ""), None, "", 9) == [ucr]


def test_who_has_the_file_alone_cannot_test_a_guess(sqlite_url: str, tmp_path: Path) -> None:
    """The key lies in the store, sealed: other data keys do not open it, and another store's key gives another hash."""
    store = Store.open(sqlite_url, VAULT)
    with store.reading() as connection:
        (sealed,) = connection.execute(text("SELECT sealed FROM store_keys")).scalars()
    with pytest.raises(StoreFault):
        Vault(DataKeys("1", {"1": bytes([1]) * 32})).unseal(bytes(sealed), "look-ups")
    store.close()
    with pytest.raises(UnopenedStore, match="name the data keys file"):
        Store.open(sqlite_url, Vault(DataKeys("1", {"1": bytes([1]) * 32})))
    one, other = LookUpKey(bytes(32)), LookUpKey(bytes([1]) * 32)
    assert one.of_reference("order", TELEPHONE) != other.of_reference("order", TELEPHONE)
    assert one.of_fact("order", TELEPHONE) != one.of_fact("payment", TELEPHONE)
    assert {kind: one.of_fact(kind, "x") for kind in CLEAR_FACTS} == dict.fromkeys(CLEAR_FACTS, "x")


def test_a_rotated_data_key_seals_the_look_up_key_anew(sqlite_url: str) -> None:
    Store.open(sqlite_url, VAULT).close()
    both = {"1": bytes(32), "2": bytes([2]) * 32}
    Store.open(sqlite_url, Vault(DataKeys("2", both))).close()
    Store.open(sqlite_url, Vault(DataKeys("2", {"2": bytes([2]) * 32}))).close()


def test_a_restored_store_derives_its_look_ups_anew(gateway: PaperGateway, town: Town, tmp_path: Path) -> None:
    gateway.intake.accept(town.event(1).serialize().encode())
    flush_pending(gateway.store)
    file, target = tmp_path / "copy", f"sqlite:///{tmp_path}/restored.sqlite"
    back_up(gateway.store, file)
    back_up_keys(gateway.store, tmp_path / "keys")
    restore(file, target, gateway.vault, tmp_path / "keys")
    restored = Store.open(target, gateway.vault)
    fill_once(restored)
    with restored.reading() as connection:
        question = FoundBy([("transport_document", "78412345675")], "", "")
        assert find_ucrs(connection, question, None, "", 9) == [f"6CN{CARRIER}-000001"]
    restored.close()
