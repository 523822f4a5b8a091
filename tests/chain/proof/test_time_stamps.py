"""RFC 3161 stamps of notes: of another note, another authority, expired, of another kind, damaged."""

from __future__ import annotations

import builtins
import random
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain.proof.time_stamps import (
    STAMP_BYTES_MAX,
    MalformedCertificate,
    StampsUnread,
    TimeStamp,
    WrongStamp,
    parse_root,
    verify_stamp,
)
from tests.fakes.time_stamp_authority import TimeStampAuthority

NOTE = "customs.example/checkpoints\n1\nAAAA\n\n— a AAAAAAE=\n".encode()
NAME = "Example Time-Stamp Authority"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeStampAuthority:
    return TimeStampAuthority.found(tmp_path_factory.mktemp("tsa") / "a", NAME)


def test_a_right_stamp_says_when_the_note_existed(authority: TimeStampAuthority) -> None:
    found = verify_stamp(authority.stamp(NOTE), NOTE, [authority.root])
    assert found.authority == f"CN={NAME}" and abs(found.time - time.time()) < 60


def test_any_of_several_roots_will_do(authority: TimeStampAuthority, tmp_path: Path) -> None:
    other = TimeStampAuthority.found(tmp_path / "b", "Another")
    for roots in ([authority.root, other.root], [other.root, authority.root]):
        assert verify_stamp(authority.stamp(NOTE), NOTE, roots).authority == f"CN={NAME}"


def test_a_stamp_of_another_note_is_refused(authority: TimeStampAuthority) -> None:
    with pytest.raises(WrongStamp, match="Mismatch"):
        verify_stamp(authority.stamp(NOTE + b"x"), NOTE, [authority.root])


def test_a_stamp_of_the_note_before_it_was_cosigned_is_of_another_note(authority: TimeStampAuthority) -> None:
    cosigned = NOTE + "— b AAAAAAI=\n".encode()
    with pytest.raises(WrongStamp, match="Mismatch"):
        verify_stamp(authority.stamp(NOTE), cosigned, [authority.root])


def test_a_stamp_of_another_authority_is_refused(authority: TimeStampAuthority, tmp_path: Path) -> None:
    namesake = TimeStampAuthority.found(tmp_path / "b", NAME)
    with pytest.raises(WrongStamp, match="certificates"):
        verify_stamp(namesake.stamp(NOTE), NOTE, [authority.root])


@pytest.mark.parametrize(("valid_from_days", "valid_days"), [(-400, 365), (5, 365)])
def test_a_stamp_outside_its_certificates_time_is_refused(
    tmp_path: Path, valid_from_days: int, valid_days: int
) -> None:
    expired = TimeStampAuthority.found(tmp_path / "b", NAME, valid_from_days=valid_from_days, valid_days=valid_days)
    with pytest.raises(WrongStamp, match="certificates"):
        verify_stamp(expired.stamp(NOTE), NOTE, [expired.root])


def test_a_stamp_over_another_hash_is_refused(authority: TimeStampAuthority) -> None:
    with pytest.raises(WrongStamp, match="SHA-256"):
        verify_stamp(authority.stamp(NOTE, "sha512"), NOTE, [authority.root])


FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda stamp: b"",
    "cut": lambda stamp: stamp[:-1],
    "more": lambda stamp: stamp + b"\x00",
    "text": lambda stamp: b"not DER",
    "too long": lambda stamp: bytes(STAMP_BYTES_MAX + 1),
    "changed signature": lambda stamp: stamp[:-1] + bytes((stamp[-1] ^ 1,)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_stamp_is_refused(authority: TimeStampAuthority, fault: str) -> None:
    with pytest.raises(WrongStamp):
        verify_stamp(FAULTS[fault](authority.stamp(NOTE)), NOTE, [authority.root])


def test_whatever_is_changed_it_says_the_same_or_nothing(authority: TimeStampAuthority) -> None:
    stamp, chance = authority.stamp(NOTE), random.Random(20)
    right = verify_stamp(stamp, NOTE, [authority.root])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the certificates of changed stamps are odd
        for _ in range(400):
            changed = bytearray(stamp)
            for _ in range(chance.choice((1, 1, 2, 4))):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            assert _answer(bytes(changed), authority) in (right, None)


def _answer(stamp: bytes, authority: TimeStampAuthority) -> TimeStamp | None:
    try:
        return verify_stamp(stamp, NOTE, [authority.root])
    except WrongStamp:
        return None


def test_without_the_package_nothing_is_said(authority: TimeStampAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp, real = authority.stamp(NOTE), builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("rfc3161_client"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(StampsUnread, match="not installed"):
        verify_stamp(stamp, NOTE, [authority.root])


def test_a_root_is_a_certificate() -> None:
    with pytest.raises(MalformedCertificate):
        parse_root(b"not DER")
