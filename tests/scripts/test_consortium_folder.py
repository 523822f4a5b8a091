"""Key files open with a passphrase from a file or from a terminal, and none is written under a weak one."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from scripts.consortium_folder import (
    KEYSTORE_SCRYPT_N,
    KEYSTORE_SCRYPT_N_CHOSEN,
    BrokenFolder,
    ConsortiumFolder,
    _asked_passphrase,
)

CHOSEN = "a sentence that nobody else says"


@pytest.fixture
def folder(tmp_path: Path) -> ConsortiumFolder:
    """A folder with one member's keys under a random passphrase."""
    made = ConsortiumFolder(tmp_path / "office")
    made.make_passphrase()
    made.make_account("port")
    return made


def terminal(monkeypatch: pytest.MonkeyPatch, answers: str) -> list[str]:
    """A terminal at which somebody types this; returns the questions it was asked."""
    questions: list[str] = []
    _asked_passphrase.cache_clear()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda question: questions.append(question) or answers)
    return questions


def factor_of(folder: ConsortiumFolder, slug: str) -> int:
    keystore = json.loads((folder.member_folder(slug) / "account.json").read_bytes())
    factor: int = keystore["crypto"]["kdfparams"]["n"]
    return factor


def test_a_made_passphrase_is_random_and_its_owners_only(folder: ConsortiumFolder) -> None:
    assert len(folder.passphrase()) >= 43
    assert stat.S_IMODE(folder.passphrase_file.stat().st_mode) == 0o600
    assert factor_of(folder, "port") == KEYSTORE_SCRYPT_N


def test_a_passphrase_is_read_from_the_file_that_is_named(
    folder: ConsortiumFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = folder.account("port").address
    folder.passphrase_file.rename(tmp_path / "elsewhere")
    monkeypatch.setenv("TONGGUAN_PASSPHRASE_FILE", str(tmp_path / "elsewhere"))
    assert folder.account("port").address == address


def test_without_a_file_it_is_asked_for_once(folder: ConsortiumFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    address, passphrase = folder.account("port").address, folder.passphrase().decode()
    folder.passphrase_file.unlink()
    questions = terminal(monkeypatch, passphrase)
    assert [folder.account("port").address for _ in range(2)] == [address, address]
    assert questions == [f"Passphrase of the key files in {folder.path}: "]


def test_without_a_file_and_a_terminal_it_is_said_what_to_do(folder: ConsortiumFolder) -> None:
    folder.passphrase_file.unlink()
    with pytest.raises(BrokenFolder, match="TONGGUAN_PASSPHRASE_FILE"):
        folder.account("port")


def test_another_passphrase_does_not_open_them(folder: ConsortiumFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.passphrase_file.unlink()
    terminal(monkeypatch, CHOSEN)
    with pytest.raises(BrokenFolder, match="does not open"):
        folder.account("port")


def test_a_lost_passphrase_file_is_not_replaced_by_one_that_opens_nothing(folder: ConsortiumFolder) -> None:
    folder.passphrase_file.unlink()
    with pytest.raises(BrokenFolder, match="is missing"):
        folder.make_passphrase()
    assert not folder.passphrase_file.exists()


def test_a_chosen_passphrase_is_derived_with_a_factor_fit_for_it(
    folder: ConsortiumFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chosen").write_text(CHOSEN + "\n")
    monkeypatch.setenv("TONGGUAN_PASSPHRASE_FILE", str(tmp_path / "chosen"))
    folder.make_account("broker")
    assert factor_of(folder, "broker") == KEYSTORE_SCRYPT_N_CHOSEN


def test_no_key_file_is_written_under_a_short_passphrase(
    folder: ConsortiumFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "short").write_text("open sesame\n")
    monkeypatch.setenv("TONGGUAN_PASSPHRASE_FILE", str(tmp_path / "short"))
    for make in (folder.make_account, folder.make_signing_key):
        with pytest.raises(BrokenFolder, match="20 characters"):
            make("broker")
    assert list(folder.member_folder("broker").glob("*")) == []


def test_a_members_record_numbers_have_a_secret_that_key_rotation_keeps(folder: ConsortiumFolder) -> None:
    folder.make_signing_key("broker")
    secret = folder.jti_secret("broker")
    assert len(secret) == 32
    assert (folder.member_folder("broker") / "jti-secret").stat().st_mode & 0o777 == 0o600
    folder.make_signing_key("broker")
    assert folder.jti_secret("broker") == secret
    folder.make_signing_key("carrier")
    assert folder.jti_secret("carrier") != secret


@pytest.mark.parametrize("content", [None, "", "AAAA", "not base64url!", "A" * 44])
def test_a_missing_or_broken_secret_of_record_numbers_is_named(folder: ConsortiumFolder, content: str | None) -> None:
    file = folder.member_folder("broker") / "jti-secret"
    if content is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    with pytest.raises(BrokenFolder, match="jti-secret"):
        folder.jti_secret("broker")
