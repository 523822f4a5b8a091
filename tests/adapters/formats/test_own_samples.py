"""Our own samples: each is read, and those of a format together show each kind and record that its table names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from adapters.formats import native_formats
from adapters.message import ReadMessage
from adapters.registry import read_message
from chain.identifiers import Ucr
from tests.samples import REPOSITORY

FORMATS = REPOSITORY / "adapters" / "formats"
SAMPLES = sorted(FORMATS.glob("*/samples/*"))
SENT_ON = date(2026, 3, 2)
"""For messages whose days have no year."""


def read(sample: Path) -> ReadMessage:
    return read_message(sample.read_bytes(), sent_on=SENT_ON)


def record_types(message: ReadMessage) -> set[str]:
    return {entity.record.TYPE for entity in message.entities if entity.record is not None}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_a_sample_is_read_and_its_records_come_back_from_their_sections(sample: Path) -> None:
    message = read(sample)
    assert message.entities
    for record in filter(None, (entity.record for entity in message.entities)):
        placed = record.for_ucrs([Ucr.parse(Ucr.EXAMPLE)])
        assert type(placed).from_sections(placed.to_sections()) == placed


@pytest.mark.parametrize("folder", native_formats())
def test_a_format_has_a_sample_of_each_kind_and_of_each_record_that_it_becomes(folder: str) -> None:
    rows = native_formats()[folder]
    messages = [read(sample) for sample in SAMPLES if sample.parts[-3] == folder]
    assert len({message.kind for message in messages}) >= len(rows)
    becomes = {record_type for row in rows for record_type in row.becomes}
    # An envelope becomes what the message inside it becomes.
    assert set().union(*map(record_types, messages)) == becomes or not becomes
