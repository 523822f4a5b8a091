"""Older stores are brought to today's schema with every record in them, and back."""

from __future__ import annotations

from hashlib import sha256

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from gateway.store.records import find_held, get_signed
from gateway.store.store import Store, StoreOfFirstEdition
from gateway.store.vault import DataKeys, Vault
from tests.gateway.memory_consortium import Town

VAULT = Vault(DataKeys("1", {"1": bytes(32)}))
RECORD = (
    "INSERT INTO records (seq, record_id, iss, jti, vct, kid, iat, state, jwt, disclosures, receipt, accepted_at,"
    " anchor_by, entry_count) VALUES (7, :record_id, :iss, :jti, :vct, :kid, :iat, 'accepted', :jwt, :disclosures,"
    " 'a receipt', 1, 2, 1)"
)
ENTRY = "INSERT INTO entries VALUES (7, 0, 'a UCR', :tag, :digest)"
REFERENCE = "INSERT INTO record_references VALUES (7, 0, 'order', '', 'A-1', '')"


def look_up_of_0007(kind: str, value: str) -> int:
    return int.from_bytes(sha256(f"{kind}\0{value}".encode()).digest()[:8], "big", signed=True)


def moved(store: Store, way: str, revision: str) -> None:
    """The store at another revision."""
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    with store.engine.connect() as connection, connection.execution_options(tongguan_write=True).begin():
        config.attributes["connection"] = connection
        getattr(command, way)(config, revision)


def test_payloads_move_to_their_own_table_and_back_with_every_part_of_a_record(store_url: str, town: Town) -> None:
    store = Store.open(store_url, VAULT)
    moved(store, "downgrade", "0004")
    signed = town.event()
    jwt, _, disclosures = signed.serialize().encode().partition(b"~")
    said = {name: getattr(signed, name) for name in ("record_id", "iss", "jti", "vct", "kid", "iat")}
    packed = {"jwt": VAULT.pack_public(jwt), "disclosures": VAULT.pack_secret(disclosures, signed.record_id)}
    with store.writing() as connection:
        connection.execute(text(RECORD), {**said, **packed})
        connection.execute(text(ENTRY), {"tag": bytes(16), "digest": bytes(32)})
        connection.execute(text(REFERENCE))
    moved(store, "upgrade", "head")
    with store.reading() as connection:
        held = find_held(connection, signed.record_id)
        assert held is not None
        assert held.receipt == "a receipt"
        assert get_signed(connection, VAULT, signed.record_id).serialize() == signed.serialize()
    moved(store, "downgrade", "0009")
    with store.reading() as connection:
        assert connection.execute(text("SELECT record_seq, ucr FROM entries")).all() == [(7, "a UCR")]
        said = connection.execute(text("SELECT record_seq, value, look_up FROM record_references")).all()
        assert said == [(7, "A-1", look_up_of_0007("order", "A-1"))]
    moved(store, "downgrade", "0004")
    with store.reading() as connection:
        (row,) = connection.execute(text("SELECT jwt, disclosures, receipt FROM records")).all()
    assert (bytes(row.jwt), bytes(row.disclosures), row.receipt) == (*packed.values(), "a receipt")
    store.close()


def test_a_new_store_is_at_the_newest_revision(sqlite_url: str) -> None:
    Store.open(sqlite_url, VAULT).close()
    with create_engine(sqlite_url).connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0021"


def test_a_store_of_the_first_edition_is_refused_in_one_sentence_and_left_as_it_is(sqlite_url: str) -> None:
    store = Store.open(sqlite_url, VAULT)
    moved(store, "downgrade", "0007")
    store.close()
    with pytest.raises(StoreOfFirstEdition) as refusal:
        Store.open(sqlite_url, VAULT)
    assert "before the protocol's second edition" in str(refusal.value)
    assert "`tongguan init DIR`" in str(refusal.value) and "\n" not in str(refusal.value)
    with create_engine(sqlite_url).connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0007"
