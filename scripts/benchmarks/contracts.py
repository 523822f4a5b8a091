"""Gas and bytes of each call of the contracts, against what the project promises of them."""

from __future__ import annotations

from collections.abc import Iterator

from chain.proof.batch import BATCH_ENTRIES_MAX
from scripts.benchmarks.harness import Benchmark, Context, Figure, Limit, at_most
from scripts.contract_gas import Cost, measure

GAS_PER_RECORD_MAX = 950
TRANSACTION_BYTES_MAX = 128 * 1024 - 1
GAS_MAX = (("anchor 2,048 ", 1_750_000), ("attest", 120_000), ("admit", 210_000), ("drop", 130_000))
"""What a call's name begins with, and the most gas that it may use."""


def run(context: Context) -> Iterator[Figure]:
    """Every call once; gas does not vary between runs."""
    costs = measure()
    for place, cost in enumerate(costs):
        # A second full batch stands in the list: the first pays for new storage of the ledger's own counters.
        name = f"{cost.what}, next" if _named_before(costs, place) else cost.what
        yield Figure(f"gas: {name}", "gas", (float(cost.gas),), limit=_gas_limit(cost))
    full = [cost for cost in costs if cost.what.startswith("anchor 2,048 ")]
    yield Figure(
        "gas of one record in a full batch",
        "gas",
        tuple(cost.gas / BATCH_ENTRIES_MAX for cost in full),
        limit=at_most(GAS_PER_RECORD_MAX),
    )
    yield Figure(
        "bytes of a full batch's transaction",
        "bytes",
        tuple(float(cost.transaction_bytes) for cost in full),
        limit=at_most(TRANSACTION_BYTES_MAX),
    )


def _named_before(costs: list[Cost], place: int) -> bool:
    return any(other.what == costs[place].what for other in costs[:place])


def _gas_limit(cost: Cost) -> Limit | None:
    return next((at_most(gas) for start, gas in GAS_MAX if cost.what.startswith(start)), None)


BENCHMARK = Benchmark(
    name="contracts",
    what="gas of the contracts' calls, London rules, solc's optimiser on",
    leaves_out="what engines charge beyond the yellow paper's gas (nothing, where gas is free)",
    run=run,
)
