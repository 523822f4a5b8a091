"""The store: one schema however it came to be, payloads that only their own row opens, settings without surprises."""

from __future__ import annotations

import json
import logging
import os
from importlib import resources
from pathlib import Path

import pytest
import zstandard
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, text

from adapters.registry import read_message
from adapters.single_window_mock.stories import STORIES
from gateway.membership.tag_keys import TagKeys
from gateway.runtime.logs import JsonLines
from gateway.settings import GatewaySettings, MalformedSettings
from gateway.store.model import marks, metadata
from gateway.store.outbox import read_mark, set_mark, take_lease
from gateway.store.store import Store, StoreUnavailable
from gateway.store.vault import (
    DICTIONARY_ID,
    ZSTD_LEVEL,
    DataKeys,
    MalformedKeyFile,
    UnopenedPayload,
    Vault,
    dictionary_file,
)
from scripts.benchmarks.load import STARTED, cast
from tests.gateway.memory_consortium import GATEWAY

KEYS = DataKeys("new", {"1": bytes(32), "old": bytes(32), "new": b"\x01" * 32})
"""`1` is the key that the stores which tests begin with were made under."""


def test_the_revisions_lead_to_the_model(store_url: str) -> None:
    store = Store.open(store_url, Vault(KEYS))
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    store.close()


def test_what_is_promised_waits_for_the_disk_and_what_is_derived_does_not(store_url: str) -> None:
    store = Store.open(store_url, Vault(KEYS))
    asked, promised, derived = ("PRAGMA synchronous", "2", "1")
    if store.engine.dialect.name == "postgresql":
        asked, promised, derived = ("SHOW synchronous_commit", "on", "off")
    seen = []
    for is_derived in (False, True, False):
        with store.writing(derived=is_derived) as connection:
            seen.append(str(connection.execute(text(asked)).scalar_one()))
    assert seen == [promised, derived, promised]
    store.close()


def test_a_writer_that_met_a_fault_begins_anew(sqlite_url: str) -> None:
    store = Store.open(sqlite_url, Vault(KEYS))
    with pytest.raises(StoreUnavailable), store.writing(derived=True) as connection:
        set_mark(connection, "lost", 1)
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))
    with store.writing() as connection:
        set_mark(connection, "kept", 2)
        assert str(connection.execute(text("PRAGMA synchronous")).scalar_one()) == "2"
    with store.reading() as connection:
        assert (read_mark(connection, "lost"), read_mark(connection, "kept")) == (0, 2)
    store.close()


def test_opening_twice_changes_nothing(store_url: str) -> None:
    first = Store.open(store_url, Vault(KEYS))
    with first.writing() as connection:
        set_mark(connection, "followed_batches", 7)
    second = Store.open(store_url, Vault(KEYS))
    with second.reading() as connection:
        assert read_mark(connection, "followed_batches") == 7
    first.close()
    second.close()


def test_a_transaction_that_fails_leaves_nothing(store_url: str) -> None:
    store = Store.open(store_url, Vault(KEYS))
    with pytest.raises(KeyError), store.writing() as connection:
        connection.execute(insert(marks), {"name": "x", "value": 1})
        raise KeyError
    with store.reading() as connection:
        assert read_mark(connection, "x") == 0
    store.close()


def test_sqlite_flushes_every_commit_to_disk(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/store.sqlite", Vault(KEYS))
    with store.reading() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"


def test_a_checkpoint_moves_the_log_into_the_database_while_others_write(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/store.sqlite", Vault(KEYS))
    log = tmp_path / "store.sqlite-wal"
    store.checkpoint()
    for number in range(200):
        with store.writing() as connection:
            set_mark(connection, f"mark {number}", number)
    grown = log.stat().st_size
    store.checkpoint()
    with store.writing() as connection:
        set_mark(connection, "after", 1)
    assert log.stat().st_size == grown, "the log begins anew in its old place"
    store.close()
    (tmp_path / "copy.sqlite").write_bytes((tmp_path / "store.sqlite").read_bytes())
    copy = Store.open(f"sqlite:///{tmp_path}/copy.sqlite", Vault(KEYS))
    with copy.reading() as connection:
        assert read_mark(connection, "mark 199") == 199
    copy.close()


def test_a_checkpoint_of_nothing_new_and_of_postgres_does_nothing(store_url: str) -> None:
    store = Store.open(store_url, Vault(KEYS))
    store.checkpoint()
    with store.writing() as connection:
        set_mark(connection, "one", 1)
    store.checkpoint()
    store.checkpoint()
    with store.reading() as connection:
        assert read_mark(connection, "one") == 1
    store.close()


def test_a_store_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(os.urandom(8192))
    with pytest.raises(StoreUnavailable):
        Store.open(f"sqlite:///{tmp_path}/store.sqlite", Vault(KEYS))


def test_a_lease_from_a_clock_that_ran_ahead_does_not_last_for_ever(store_url: str) -> None:
    store = Store.open(store_url, Vault(KEYS))
    with store.writing() as connection:
        assert take_lease(connection, "sealer", "one", 10**9, 10)
        taken = take_lease(connection, "sealer", "two", 1000, 10)
        assert taken is not None
        assert taken.fence == 2
    store.close()


def test_payloads_of_an_old_key_open_and_new_ones_use_the_current() -> None:
    old = Vault(DataKeys("old", KEYS.keys)).pack_secret(b"said", "id")
    vault = Vault(KEYS)
    assert vault.unpack_secret(old, "id") == b"said"
    assert not vault.is_current(old)
    assert vault.is_current(vault.pack_secret(b"said", "id"))


def test_a_payload_opens_in_its_own_row_only() -> None:
    vault = Vault(KEYS)
    with pytest.raises(UnopenedPayload):
        vault.unpack_secret(vault.pack_secret(b"said", "mine"), "yours")


def test_what_records_say_in_the_same_words_is_kept_by_the_dictionary() -> None:
    story = STORIES["parcel"](cast(), 1, STARTED)
    records = [one.record for m in story.messages for one in read_message(m.body).entities if one.record]
    texts = [one.model_dump_json(exclude_none=True).encode() for one in records]
    vault, plain = Vault(KEYS), zstandard.ZstdCompressor(level=ZSTD_LEVEL)
    packed = [vault.pack_public(text) for text in texts]
    assert {zstandard.get_frame_parameters(one).dict_id for one in packed} == {DICTIONARY_ID}
    assert sum(map(len, packed)) < 0.85 * sum(len(plain.compress(text)) for text in texts)
    assert [vault.unpack_public(one, "id") for one in packed] == texts


def test_a_payload_that_was_kept_without_a_dictionary_opens() -> None:
    said = b"said" * 100
    assert Vault(KEYS).unpack_public(zstandard.ZstdCompressor(level=1).compress(said), "id") == said


def test_a_payload_of_a_dictionary_that_is_not_here_does_not_open() -> None:
    samples: list[bytes | bytearray | memoryview[int]] = [b"one of %d, said as others are" % n for n in range(2_000)]
    other = zstandard.train_dictionary(1_024, samples, dict_id=DICTIONARY_ID + 1)
    packed = zstandard.ZstdCompressor(dict_data=other).compress(bytes(samples[7]))
    with pytest.raises(UnopenedPayload):
        Vault(KEYS).unpack_public(packed, "id")


def test_the_dictionary_holds_no_names_of_the_example_stories() -> None:
    words = resources.files("gateway.store").joinpath(dictionary_file(DICTIONARY_ID)).read_bytes()
    records = [
        one.record.model_dump(mode="json", exclude_none=True)
        for tell in STORIES.values()
        for message in tell(cast(), 1, STARTED).messages
        for one in read_message(message.body).entities
        if one.record
    ]
    named = [one for record in records for name in ("parties", "goods_items") for one in record.get(name, [])]
    names = {one["name"] for one in named if not one.get("name", "").isascii()}
    assert len(names) > 20
    assert [name for name in names if name.encode() in words] == []


@pytest.mark.parametrize("place", [0, 1, 4, 12, 25, -1])
def test_a_changed_payload_does_not_open(place: int) -> None:
    vault = Vault(KEYS)
    sealed = bytearray(vault.pack_secret(b"said" * 20, "id"))
    sealed[place] ^= 1
    with pytest.raises(UnopenedPayload):
        vault.unpack_secret(bytes(sealed), "id")


@pytest.mark.parametrize(
    "said", ["", "[]", "{}", '{"current": "a", "keys": []}', '{"current": "a", "keys": [{"id": "a", "key": "AA"}]}']
)
def test_a_data_key_file_that_is_none_is_refused(tmp_path: Path, said: str) -> None:
    (tmp_path / "keys").write_text(said)
    with pytest.raises(MalformedKeyFile):
        DataKeys.load(tmp_path / "keys")


@pytest.mark.parametrize("said", ["", "{}", '{"tag_keys": []}', '{"tag_keys": [{"from_batch": 1, "secret": "AA"}]}'])
def test_a_tag_key_file_that_is_none_is_refused(tmp_path: Path, said: str) -> None:
    (tmp_path / "keys").write_text(said)
    with pytest.raises(MalformedKeyFile):
        TagKeys.load(tmp_path / "keys")


def settings_file(folder: Path, **changed: object) -> Path:
    names = [name for name in GatewaySettings.model_fields if name.endswith(("_file", "_dir"))]
    said = {"member": GATEWAY, "store_url": "sqlite:///store.sqlite", **{name: name for name in names}, **changed}
    (folder / "settings.json").write_text(json.dumps(said))
    return folder / "settings.json"


def test_paths_in_the_settings_are_relative_to_their_file(tmp_path: Path) -> None:
    loaded = GatewaySettings.load(settings_file(tmp_path))
    assert loaded.index_dir == tmp_path / "index_dir"
    assert loaded.store_url == f"sqlite:///{tmp_path}/store.sqlite"


def test_the_environment_stands_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGGUAN_ANCHOR_PERIOD_S", "2.5")
    assert GatewaySettings.load(settings_file(tmp_path, anchor_period_s=1)).anchor_period_s == 2.5


@pytest.mark.parametrize("changed", [{"unknown": 1}, {"member": "nobody"}, {"batch_entries_max": 2049}])
def test_a_wrong_setting_is_named(tmp_path: Path, changed: dict[str, object]) -> None:
    with pytest.raises(MalformedSettings) as caught:
        GatewaySettings.load(settings_file(tmp_path, **changed))
    assert caught.value.field == next(iter(changed))


def test_the_effective_settings_hide_a_password(tmp_path: Path) -> None:
    store_url, rpc_url = "postgresql://me:secret@db/tongguan", "https://me:secret@node.example/v3/secret"
    loaded = GatewaySettings.load(settings_file(tmp_path, store_url=store_url, rpc_url=rpc_url))
    assert "secret" not in json.dumps(loaded.effective())
    assert loaded.effective()["rpc_url"] == "https://node.example"


def test_a_log_line_never_quotes_what_an_error_said() -> None:
    try:
        raise ValueError("phone 13800000000")
    except ValueError as error:
        record = logging.LogRecord(
            "gateway", logging.ERROR, __file__, 1, "failed", None, (ValueError, error, error.__traceback__)
        )
    line = JsonLines().format(record)
    assert json.loads(line)["error"] == "ValueError"
    assert "138" not in line
