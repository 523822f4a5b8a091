"""The fast readers of signed records, behind one door.

Whoever reads records imports this module; nobody imports the modules inside. Each function has a plain twin that gives
the same: `SignedRecord.parse`, `chain.encoding.parse_written_texts`, and the models themselves. `plain_readers` makes
the door give the plain twins, so that any test can be run on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chain.encoding import Json, parse_written_texts
from chain.records.base import Record
from chain.records.fastpath import reader
from chain.records.fastpath.lazy_record import unread_record
from chain.sdjwt import SignedRecord


class _Door:
    """Which readers the door gives."""

    is_plain = False


def parse_signed(body: str | bytes) -> SignedRecord:
    """As `SignedRecord.parse`, faster; what it takes is a record only once `parse_record` has taken it too."""
    return SignedRecord.parse(body) if _Door.is_plain else reader.parse_signed(body)


def read_texts(texts: Sequence[bytes]) -> list[Json] | None:
    """As `chain.encoding.parse_written_texts`; may hold floats: only for what a record model then checks."""
    return parse_written_texts(texts) if _Door.is_plain else reader.read_texts(texts)


def find_unread_record(signed: SignedRecord) -> Record | None:
    """The record of sections that are known to fit their model; None where the model is to read it."""
    return unread_record(signed) if signed.fits_model and not _Door.is_plain else None


@contextmanager
def plain_readers() -> Iterator[None]:
    """Has every thread of this process read by the plain twins within the block; for tests."""
    before = _Door.is_plain
    _Door.is_plain = True
    try:
        yield
    finally:
        _Door.is_plain = before
