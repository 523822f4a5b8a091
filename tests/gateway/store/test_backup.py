"""A copy of the store holds all that the chain cannot give back, and any store can be made from it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select

from chain.lifecycle import RecordState
from gateway.search_index.erasure import erase
from gateway.search_index.facts import fill_once, flush_pending
from gateway.store.backup import NotABackup, StoreNotEmpty, back_up, back_up_keys, restore
from gateway.store.model import leases, metadata, payload_keys
from gateway.store.records import find_held, get_signed
from gateway.store.store import Store
from gateway.store.tombstones import find_erased
from tests.gateway.memory_consortium import PaperGateway, Town
from tests.record_numbers import jti_of


def rows_of(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name != leases.name
        }


@pytest.fixture
def filled(gateway: PaperGateway, town: Town) -> PaperGateway:
    for number in range(3):
        gateway.intake.accept(town.event(ucrs=[number, 90]).serialize().encode())
    gateway.seal()
    gateway.follow()
    gateway.intake.accept(town.event(7, jti=jti_of("last")).serialize().encode())
    return gateway


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of either kind beside the gateway's own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/other.sqlite"
    return str(request.getfixturevalue("second_postgres_url"))


def test_a_restored_store_is_the_one_that_was_copied(filled: PaperGateway, other_url: str, tmp_path: Path) -> None:
    while flush_pending(filled.store):
        pass
    assert back_up(filled.store, tmp_path / "copy") == 4
    assert back_up_keys(filled.store, tmp_path / "keys") == 4
    assert restore(tmp_path / "copy", other_url, filled.vault, tmp_path / "keys") == 4
    other = Store.open(other_url, filled.vault)
    assert fill_once(other), "by what records are found is derived anew"
    assert not fill_once(other)
    before = rows_of(filled.store)
    fill_once(filled.store)
    assert rows_of(other) == before | {"marks": rows_of(filled.store)["marks"]}
    other.close()


def test_what_is_erased_after_the_copy_opens_in_no_copy(filled: PaperGateway, town: Town, tmp_path: Path) -> None:
    """Whole and in part: an old copy of the payloads with the newest of the keys, and the data keys."""
    whole, part, kept = (town.event(number) for number in (20, 21, 22))
    for record in (whole, part, kept):
        filled.intake.accept(record.serialize().encode())
    back_up(filled.store, tmp_path / "copy")
    references = set(part.sections["references"])
    everything = {digest for name, digests in whole.sections.items() if name != "ucr" for digest in digests}
    everything.update(whole.sections["ucr"])
    with filled.store.writing(erasing=True) as connection:
        for record, digests in ((whole, everything), (part, references)):
            erase(connection, filled.vault, record.record_id, digests, erasure="x" * 43, at=1)
    back_up_keys(filled.store, tmp_path / "keys")
    url = f"sqlite:///{tmp_path}/other.sqlite"
    restore(tmp_path / "copy", url, filled.vault, tmp_path / "keys")
    other = Store.open(url, filled.vault)
    fill_once(other)
    with other.reading() as connection:
        signed = {one.record_id: get_signed(connection, filled.vault, one.record_id) for one in (whole, part, kept)}
        stones = find_erased(connection, [*signed])
    assert signed[whole.record_id].disclosures == ()
    assert {one.digest for one in signed[part.record_id].disclosures} == {
        one.digest for one in part.disclosures
    } - references
    assert signed[kept.record_id].is_fully_disclosed()
    assert stones == {whole.record_id: everything, part.record_id: references}
    other.close()


def test_a_copy_without_its_keys_is_not_restored(filled: PaperGateway, tmp_path: Path) -> None:
    back_up(filled.store, tmp_path / "copy")
    with pytest.raises(NotABackup, match="file of their own"):
        restore(tmp_path / "copy", f"sqlite:///{tmp_path}/other.sqlite", filled.vault)


def test_a_copy_holds_neither_keys_nor_what_records_are_found_by(filled: PaperGateway, tmp_path: Path) -> None:
    with filled.store.reading() as connection:
        heads = [bytes(head) for head in connection.execute(select(payload_keys.c.head)).scalars()]
    back_up(filled.store, tmp_path / "copy")
    content = (tmp_path / "copy").read_bytes()
    assert heads and not any(head[-32:] in content for head in heads)
    with sqlite3.connect(tmp_path / "copy") as copy:
        for table in ("payload_keys", "keyed_references", "keyed_documents", "keyed_facts", "sealed_facts"):
            assert copy.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    copy.close()


def test_a_key_that_was_destroyed_is_nowhere_in_the_store(filled: PaperGateway, town: Town) -> None:
    record = town.event(23)
    filled.intake.accept(record.serialize().encode())
    with filled.store.reading() as connection:
        newest = select(payload_keys.c.head).order_by(payload_keys.c.record_seq.desc())
        head = bytes(connection.execute(newest).scalars().first() or b"")
    digests = {digest for digests in record.sections.values() for digest in digests}
    with filled.store.writing(erasing=True) as connection:
        erase(connection, filled.vault, record.record_id, digests, erasure="x" * 43, at=1)
    filled.store.purge_log()
    files = list(filled.folder.glob("store.sqlite*"))
    assert head and not any(head[-32:] in file.read_bytes() for file in files)


def test_a_gateway_goes_on_over_a_restored_store(
    filled: PaperGateway, town: Town, other_url: str, tmp_path: Path
) -> None:
    back_up(filled.store, tmp_path / "copy")
    back_up_keys(filled.store, tmp_path / "keys")
    filled.store.close()
    restore(tmp_path / "copy", other_url, filled.vault, tmp_path / "keys")
    filled.url = other_url
    filled.reopen()
    record = town.event(8)
    done = filled.intake.accept(record.serialize().encode())
    filled.follow()
    filled.seal()
    with filled.store.reading() as connection:
        held = find_held(connection, done.record_id)
        assert get_signed(connection, filled.vault, done.record_id).serialize() == record.serialize()
    assert held is not None
    assert held.state is RecordState.ANCHORED
    entries = [one.entries[at : at + 48] for one in town.chain.anchored for at in range(0, len(one.entries), 48)]
    assert len(entries) == len(set(entries)) == 8


def test_a_store_that_holds_records_is_not_written_over(filled: PaperGateway, tmp_path: Path) -> None:
    back_up(filled.store, tmp_path / "copy")
    back_up_keys(filled.store, tmp_path / "keys")
    before = rows_of(filled.store)
    with pytest.raises(StoreNotEmpty):
        restore(tmp_path / "copy", filled.url, filled.vault, tmp_path / "keys")
    assert rows_of(filled.store) == before


def test_a_copy_is_one_file_and_a_second_one_does_not_replace_it(filled: PaperGateway, tmp_path: Path) -> None:
    (folder := tmp_path / "copies").mkdir()
    back_up(filled.store, folder / "copy")
    assert [file.name for file in folder.iterdir()] == ["copy"]
    with pytest.raises(FileExistsError):
        back_up(filled.store, folder / "copy")


def test_a_copy_holds_no_payload_in_the_clear(filled: PaperGateway, tmp_path: Path) -> None:
    back_up(filled.store, tmp_path / "copy")
    with sqlite3.connect(tmp_path / "copy") as copy:
        payloads = [row[0] for row in copy.execute("SELECT disclosures FROM payloads")]
    copy.close()
    assert len(payloads) == 4
    assert not any(b"784" in payload for payload in payloads)


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + bytes(4096)])
def test_what_is_no_copy_is_refused(tmp_path: Path, sqlite_url: str, filled: PaperGateway, content: bytes) -> None:
    (tmp_path / "copy").write_bytes(content)
    with pytest.raises(NotABackup):
        restore(tmp_path / "copy", f"sqlite:///{tmp_path}/empty.sqlite", filled.vault)


def test_a_copy_of_a_newer_schema_is_refused(filled: PaperGateway, tmp_path: Path) -> None:
    back_up(filled.store, tmp_path / "copy")
    with sqlite3.connect(tmp_path / "copy") as copy:
        copy.execute("UPDATE alembic_version SET version_num = '9999'")
    copy.close()
    with pytest.raises(NotABackup):
        restore(tmp_path / "copy", f"sqlite:///{tmp_path}/empty.sqlite", filled.vault)
