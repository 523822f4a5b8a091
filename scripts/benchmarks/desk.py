"""What a risk desk costs: consignments a minute, from a gateway's answer to signed statements kept in the journal; and
its memory after many consignments, which must not grow with them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.risk_desk.desk import RiskDesk
from adapters.risk_desk.journal import DeskJournal
from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.proof.batch import entry_digest
from chain.proof.hashes import sha256
from chain.rule_tables import example_tables
from chain.rules.pack import pack_digest
from chain.sdjwt import SignedRecord
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_least, at_most
from scripts.benchmarks.load import CONSORTIUM, STORY_RECORDS, cast, lying_story_records, story_records
from scripts.benchmarks.process_stats import can_watch, private_mb

CONSIGNMENTS = 400
SECONDS_A_MINUTE = 60
MINUTE_LEAST = 1_000.0
STATED_AT = 1_790_000_000
LIES_ONE_IN = 4
LOOKED_TOGETHER = 100
MEMORY_SHARE_MAX = 1.10
KEY = SigningKey.generate()


class PreparedGateway:
    """Answers from memory, and takes every statement: what is measured is the desk."""

    def __init__(self, answers: Mapping[str, dict[str, Any]]) -> None:
        self.answers = answers
        self.taken = 0

    def lanes(self, ucr: str) -> dict[str, Any]:
        """The prepared answer."""
        return self.answers[ucr]

    def submit(self, record: SignedRecord) -> object:
        """Takes it."""
        self.taken += 1
        return record.record_id


def run(context: Context) -> Iterator[Figure]:
    """Consignments looked at for the first time, one in four with a lie; then ever more of them."""
    count = 40 if context.quick else CONSIGNMENTS
    answers = dict(_answers(range(1, count + 1)))

    def look() -> int:
        return _desk(PreparedGateway(answers), DeskJournal(":memory:")).look(answers).looked

    rate = context.per_second(f"consignments of {STORY_RECORDS} records looked at, one core", look)
    yield rate
    a_minute = tuple(value * SECONDS_A_MINUTE for value in rate.values)
    yield Figure("the same a minute", "/min", a_minute, limit=at_least(MINUTE_LEAST))
    if can_watch():
        yield from _memory(context)


def _memory(context: Context) -> Iterator[Figure]:
    """The process's memory after so many consignments, and after ten times as many; the journal is a file."""
    few = 100 if context.quick else 10_000 if context.huge else 1_000
    gateway = PreparedGateway({})
    desk = _desk(gateway, DeskJournal(context.scratch / "journal.sqlite", b"a passphrase"))
    sizes = {}
    for first, last in ((1, few), (few + 1, 10 * few)):
        for start in range(first, last + 1, LOOKED_TOGETHER):
            gateway.answers = dict(_answers(range(start, min(start + LOOKED_TOGETHER, last + 1))))
            if (progress := desk.look(gateway.answers)).fault:
                raise RuntimeError(progress.fault)
            context.say(f"{min(start + LOOKED_TOGETHER - 1, last):,} consignments, {gateway.taken:,} findings said")
        sizes[last] = private_mb([os.getpid()])
    small = f"memory after {few:,} consignments"
    yield Figure(small, "MB", (sizes[few],))
    name = f"memory after {10 * few:,} consignments"
    yield Figure(name, "MB", (sizes[10 * few],), against=small, share_limit=at_most(MEMORY_SHARE_MAX))


def _desk(gateway: PreparedGateway, journal: DeskJournal) -> RiskDesk:
    tables = example_tables()
    return RiskDesk(
        cast().customs.uscc,
        KEY,
        CONSORTIUM,
        jti_secret=bytes(32),
        gateway=gateway,
        journal=journal,
        tables=tables,
        agreed_pack=lambda: pack_digest(tables.roots),
        clock=lambda: STATED_AT,
    )


def _answers(numbers: range) -> Iterator[tuple[str, dict[str, Any]]]:
    keys = dict.fromkeys((party.uscc for party in vars(cast()).values()), KEY)
    for number in numbers:
        if number % LIES_ONE_IN:
            for ucr, records in story_records((number,), keys, CONSORTIUM, STATED_AT):
                yield str(ucr), lanes_answer(ucr, records)
        else:
            for ucr, records, lie in lying_story_records((number,), keys, CONSORTIUM, STATED_AT):
                yield str(ucr), lanes_answer(ucr, [*records, lie])


def lanes_answer(ucr: Ucr, records: Sequence[SignedRecord]) -> dict[str, Any]:
    """What a gateway answers of these records, one lane an issuer, one batch a record."""
    lanes: dict[str, list[dict[str, Any]]] = {}
    lines = []
    for batch, record in enumerate(records):
        element = next(digest for digest, value in record.ucr_elements() if value == ucr)
        tag = sha256(record.iss.encode())[:16].hex()
        entry = entry_digest(record, element).hex()
        lanes.setdefault(tag, []).append({"entry": entry, "batch": batch})
        lines.append({"record": record.record_id, "tag": tag, "entry": entry, "sd_jwt": record.serialize()})
    return {
        "ucr": str(ucr),
        "batches": len(records),
        "lanes": [{"tag": tag, "leaves": leaves} for tag, leaves in sorted(lanes.items())],
        "records": lines,
        "shared": {"kinds": [], "numbers": [], "others": []},
    }


BENCHMARK = Benchmark(
    name="desk",
    what="a risk desk on parcels of the single window stand-in, one in four a lie, with the example tables, one core",
    leaves_out="the gateway, the network, the journal's disk, anchoring",
    run=run,
)
