"""`tongguan sign` makes one signed record of a native file or of JSON, or says why it does not; it sends nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chain.errors import Malformed, MalformedMessage, MalformedRecord, NotFound, Refused, TongguanError
from chain.records import parse_record
from chain.sdjwt import SignedRecord
from scripts.cli import app
from scripts.consortium_folder import ConsortiumFolder
from tests.founded import copy_founded
from tests.house.test_house import REPOSITORY

WAYBILL = REPOSITORY / "adapters" / "formats" / "cargo_imp" / "samples" / "waybill.txt"
HOUSES = WAYBILL.with_name("houses.txt")
UCR = "6CN91110000MA00900572-SIGNED"
DEPARTURE = {
    "code": {"system": "iata-cargo-status", "value": "DEP"},
    "happened": {"utc": "2026-03-02T05:55:00Z", "said": "2026-03-02T13:55"},
    "bill": "999-12345675",
}
EVENT: dict[str, Any] = {"record_type": "logistics.event", "sections": {"event": [DEPARTURE]}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ConsortiumFolder:
    made = ConsortiumFolder(tmp_path_factory.mktemp("signers"))
    copy_founded(made)
    return made


def sign(folder: ConsortiumFolder, file: Path, *words: str, member: str = "carrier") -> str:
    """What the command prints; an error of ours is raised."""
    done = CliRunner().invoke(app, ["sign", str(folder.path), str(file), "--member", member, *words])
    if isinstance(done.exception, TongguanError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def written(path: Path, record: object) -> Path:
    file = path / "record.json"
    file.write_text(json.dumps(record), encoding="utf-8")
    return file


def test_a_native_file_becomes_a_record_that_the_members_key_signed(folder: ConsortiumFolder) -> None:
    signed = SignedRecord.parse(sign(folder, WAYBILL, "--ucr", UCR).strip().encode())
    key = folder.signing_key("carrier").public
    assert (signed.vct, signed.iss) == ("logistics.transport_document", folder.member("carrier").uscc)
    assert signed.kid == key.kid and signed.verify(key)
    assert parse_record(signed).ucr == (UCR,)


def test_json_becomes_the_record_that_it_writes(folder: ConsortiumFolder, tmp_path: Path) -> None:
    signed = SignedRecord.parse(sign(folder, written(tmp_path, EVENT), "--ucr", UCR).strip().encode())
    assert parse_record(signed).to_sections() == {**EVENT["sections"], "ucr": [UCR]}


def test_the_same_file_has_the_same_number_and_another_consignment_another(folder: ConsortiumFolder) -> None:
    texts = [sign(folder, WAYBILL, "--ucr", ucr) for ucr in (UCR, UCR, f"{UCR}2")]
    first, again, other = [SignedRecord.parse(text.strip().encode()).jti for text in texts]
    assert first == again != other


def test_the_record_is_written_for_its_owner_alone_and_what_to_type_next_is_said(
    folder: ConsortiumFolder, tmp_path: Path
) -> None:
    out = tmp_path / "record.sdjwt"
    printed = sign(folder, WAYBILL, "--ucr", UCR, "--out", str(out))
    assert f"tongguan submit {folder.path} {out} --member carrier" in printed
    assert out.stat().st_mode & 0o077 == 0
    assert SignedRecord.parse(out.read_bytes().strip()).record_id in printed


def test_one_entity_of_several_is_named(folder: ConsortiumFolder) -> None:
    with pytest.raises(MalformedMessage, match=r"2 entities.*--entity"):
        sign(folder, HOUSES, "--ucr", UCR)
    with pytest.raises(MalformedMessage, match="--entity"):
        sign(folder, HOUSES, "--ucr", UCR, "--entity", "9")
    assert sign(folder, HOUSES, "--ucr", UCR, "--entity", "1") != sign(folder, HOUSES, "--ucr", UCR, "--entity", "0")


@pytest.mark.parametrize(
    ("record", "error", "match"),
    [
        ({**EVENT, "iss": "me"}, Malformed, "`record_type` and `sections` alone"),
        ({"record_type": "logistics.event", "sections": []}, Malformed, "`record_type` and `sections` alone"),
        ({**EVENT, "record_type": "logistics.rumour"}, MalformedRecord, "is one of"),
        ({**EVENT, "sections": {"event": []}}, MalformedRecord, "list of one element or more"),
        ({**EVENT, "sections": {"event": {"code": "DEP"}}}, MalformedRecord, "list of one element or more"),
        ({**EVENT, "sections": {"event": [{"color": "red"}]}}, MalformedRecord, "event"),
        ({"some": "thing"}, MalformedMessage, "message"),
    ],
)
def test_json_with_a_fault_is_refused_by_it(
    folder: ConsortiumFolder, tmp_path: Path, record: object, error: type[Malformed], match: str
) -> None:
    with pytest.raises(error, match=match):
        sign(folder, written(tmp_path, record), "--ucr", UCR)


def test_what_a_member_may_not_say_is_not_signed(folder: ConsortiumFolder) -> None:
    with pytest.raises(Refused, match=r"no role that may say logistics\.transport_document.*CARRIER"):
        sign(folder, WAYBILL, "--ucr", UCR, member="bank")
    with pytest.raises(NotFound):
        sign(folder, WAYBILL, "--ucr", UCR, member="nobody")


def test_a_record_of_no_consignment_is_refused(folder: ConsortiumFolder) -> None:
    with pytest.raises(MalformedRecord, match="ucr"):
        sign(folder, WAYBILL)
    with pytest.raises(Malformed):
        sign(folder, WAYBILL, "--ucr", "NO-UCR")
