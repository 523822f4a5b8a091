"""What a risk desk costs: consignments a minute, from a gateway's answer to signed statements kept in the journal."""

from __future__ import annotations

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
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_least
from scripts.benchmarks.load import CONSORTIUM, STORY_RECORDS, cast, story_records

CONSIGNMENTS = 400
SECONDS_A_MINUTE = 60
MINUTE_LEAST = 1_000.0
STATED_AT = 1_790_000_000


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
    """Consignments looked at for the first time."""
    key = SigningKey.generate()
    keys = dict.fromkeys((party.uscc for party in vars(cast()).values()), key)
    count = 40 if context.quick else CONSIGNMENTS
    stories = list(story_records(range(1, count + 1), keys, CONSORTIUM, STATED_AT))
    answers = {str(ucr): lanes_answer(ucr, records) for ucr, records in stories}
    tables = example_tables()

    def look() -> int:
        desk = RiskDesk(
            cast().customs.uscc,
            key,
            CONSORTIUM,
            jti_secret=bytes(32),
            gateway=PreparedGateway(answers),
            journal=DeskJournal(":memory:"),
            tables=tables,
            agreed_pack=lambda: pack_digest(tables.roots),
            clock=lambda: STATED_AT,
        )
        return desk.look(answers).looked

    rate = context.per_second(f"consignments of {STORY_RECORDS} records looked at, one core", look)
    yield rate
    a_minute = tuple(value * SECONDS_A_MINUTE for value in rate.values)
    yield Figure("the same a minute", "/min", a_minute, limit=at_least(MINUTE_LEAST))


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
    what="a risk desk on parcels of the single window stand-in, with the example tables, one core",
    leaves_out="the gateway, the network, the journal's disk, anchoring",
    run=run,
)
