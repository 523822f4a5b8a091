"""What the rules cost: one consignment of thirty records, a view with its findings, and many consignments in a row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import cycle

from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.lifecycle import RecordState
from chain.members import Role
from chain.records.fastpath import parse_signed
from chain.rule_tables import example_tables
from chain.rules.consignment import join_records
from chain.rules.pack import RULES, Case, evaluate
from chain.sdjwt import SignedRecord
from chain.standing import RECORDS_MAX
from gateway.access.policy import ViewPolicy
from gateway.access.records import HeldRecord, Reader
from gateway.consignment import rule_facts
from gateway.consignment.coverage import Coverage
from gateway.consignment.view import consignment_view, sight_of
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_most
from scripts.benchmarks.load import CONSORTIUM, STORY_RECORDS, cast, long_story_records, story_records

RECORDS_OF_ONE = 30
ALL_CONSIGNMENTS = 100_000
CORES = 2
SECONDS_A_MINUTE = 60


class Everyone:
    """A directory in which every member is customs and whatever else it says: the most to see, the most work."""

    def roles(self, member: str) -> Role:
        """Every role."""
        return Role.CUSTOMS | Role.REGULATOR | Role.BROKER | Role.TRADER

    def sponsor(self, member: str) -> str | None:
        """Nobody is sponsored."""
        return None

    def customs_code(self, member: str) -> str:
        """Nobody has one."""
        return ""

    def member_of(self, customs_code: str) -> str | None:
        """No code is known."""
        return None

    def is_member(self, uscc: str) -> bool:
        """Everybody is one."""
        return True

    def is_authority(self, member: str, block: int | None) -> bool:
        """Everybody is, so that whatever of customs and tax is said counts."""
        return True

    def is_governor(self, member: str, block: int | None) -> bool:
        return False

    def is_operator(self, member: str, ucr: str, block: int | None) -> bool:
        """Nobody is one."""
        return False

    def is_competent(self, member: str, offices: Collection[str], block: int | None) -> bool:
        """For every office."""
        return True

    def oversees(self, member: str, offices: Collection[str]) -> bool:
        """Every office."""
        return True

    def is_compromised(self, kid: str, at: int | None) -> bool:
        """No key is."""
        return False

    def free_speakers(self, ucr: str) -> frozenset[str]:
        """Nobody is listed: records are given whole."""
        return frozenset()

    def records_max(self, block: int | None) -> int:
        """As by default."""
        return RECORDS_MAX


def run(context: Context) -> Iterator[Figure]:
    """One long consignment, then views, then many of nine records from their signed text to all answers."""
    players = cast()
    key = SigningKey.generate()
    keys = dict.fromkeys((party.uscc for party in vars(players).values()), key)
    tables = example_tables()
    ucr, long = long_story_records(RECORDS_OF_ONE, keys, CONSORTIUM, 1_790_000_000)
    facts = [rule_facts.facts_of(one) for one in long]
    yield context.milliseconds(
        f"{len(RULES)} rules on a consignment of {RECORDS_OF_ONE} records, facts read",
        lambda: evaluate(Case(join_records(facts), tables)),
        limit=at_most(5),
    )
    count = 50 if context.quick else 500
    stories = list(story_records(range(1, count + 1), keys, CONSORTIUM, 1_790_000_000))
    yield from _views(context, ucr, long, stories)
    texts = [[one.serialize().encode() for one in records] for _, records in stories]

    def judged() -> int:
        for bodies in texts:
            rule_facts.facts_of.cache_clear()
            evaluate(Case(join_records([rule_facts.facts_of(parse_signed(body)) for body in bodies]), tables))
        return len(texts)

    rate = context.per_second(f"consignments of {STORY_RECORDS} records, from signed text to all answers", judged)
    yield rate
    minutes = tuple(ALL_CONSIGNMENTS / value / CORES / SECONDS_A_MINUTE for value in rate.values)
    yield Figure(f"{ALL_CONSIGNMENTS:,} of them on {CORES} cores, from that rate", "min", minutes, at_most(10))


def _views(
    context: Context, ucr: Ucr, long: Sequence[SignedRecord], stories: Sequence[tuple[Ucr, list[SignedRecord]]]
) -> Iterator[Figure]:
    policy, reader, directory = ViewPolicy.load(), Reader(long[0].iss, Role.CUSTOMS | Role.REGULATOR), Everyone()
    coverage = Coverage(1, 1, 1, (), None)

    def view(name: str, records: Sequence[SignedRecord]) -> object:
        held = [HeldRecord(one, RecordState.COVERED, place, 0, place, 0) for place, one in enumerate(records)]
        return consignment_view(sight_of(name, held, reader, policy, directory), coverage)

    turn = cycle(stories)
    yield context.milliseconds(
        f"view with findings of {STORY_RECORDS} records, in process", lambda: view(*next(turn)), times=len(stories)
    )
    yield context.milliseconds(
        f"view with findings of {RECORDS_OF_ONE} records, in process", lambda: view(str(ucr), long), limit=at_most(10)
    )


BENCHMARK = Benchmark(
    name="rules",
    what="rules on parcels of the single window stand-in, with the example tables, one core",
    leaves_out="the store, the network, reading others' consignments",
    run=run,
)
