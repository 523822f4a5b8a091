"""What consignments add to the statistics, how it is counted once, and who may read it."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from chain.members import Role
from chain.records import sign_record
from gateway.access.policy import POLICY_FILE, ViewPolicy
from gateway.consignment.figures import (
    EDGES_H,
    MEASURES,
    ConsignmentFigures,
    StatisticsCell,
    counts_of,
    figures_of,
    pack_figures,
    step_of,
    unpack_figures,
)
from gateway.consignment.histograms import BINS_H, count_above, in_bins, outlier_fence, percentile
from gateway.query.reader_context import ReaderContext
from gateway.query.statistics_counter import StatisticsCounter
from gateway.store.model import statistics
from gateway.store.statistics import add_counts
from tests.fakes.memory_ledger import CONSORTIUM
from tests.gateway.memory_consortium import BROKER, CARRIER, GATEWAY, PUBLIC_URL, PaperGateway, Town, ucr
from tests.gateway.query import consortium
from tests.record_numbers import jti_of

OFFICE = "0101"


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def town() -> Town:
    """One whose carrier trades too, so that it may declare its own consignments."""
    town = Town.make()
    town.chain.admit(CARRIER, Role.CARRIER | Role.TRADER)
    return town


def figures(chain: consortium.PaperChain) -> ConsignmentFigures:
    return figures_of(chain.held, frozenset(), consortium.PaperDirectory().sponsor)


def times_in(counts: Counter[StatisticsCell], dimension: str = "all") -> dict[str, float]:
    """Each measure's first hours."""
    cells = [cell for cell in counts if cell.dimension == dimension and cell.measure in MEASURES]
    return {cell.measure: EDGES_H[int(cell.bucket)] for cell in cells}


# What is taken of a consignment


def test_a_consignment_adds_its_times_by_office_and_the_month_of_its_release() -> None:
    counts = counts_of(figures(consortium.story()))
    # Lodged at 8:00, released at 10:30: nobody says when it arrived.
    assert times_in(counts)["release"] == 2.5
    (cell,) = [cell for cell in counts if cell.measure == "release" and cell.dimension == "office"]
    assert (cell.value, cell.month) == (OFFICE, "2026-11")


def test_one_lodged_at_night_in_greenwich_is_of_the_day_after_in_beijing() -> None:
    chain = consortium.PaperChain()
    late = {"utc": "2026-10-31T20:00:00Z", "said": "20261101040000"}
    chain.say(consortium.BROKER, consortium.declaration(lodged=late))
    chain.say(consortium.GOVERNOR, consortium.status("ACCEPTED", "08:10:00"))
    months = {cell.month for cell in counts_of(figures(chain)) if cell.measure == "lodged"}
    assert months <= {"2026-11"}


def test_what_is_no_code_is_counted_as_not_said() -> None:
    chain = consortium.PaperChain()
    office = {"system": "cn-customs-office", "value": "=1+1"}
    chain.say(consortium.BROKER, consortium.declaration(office=office))
    (declaration,) = figures(chain).declarations
    assert declaration.values[0] == "-"


def test_figures_are_kept_as_they_are_taken() -> None:
    taken = figures(consortium.story())
    assert unpack_figures(pack_figures(taken)) == taken


# Histograms


def test_every_bin_begins_where_a_step_does_and_steps_grow_by_a_quarter_at_most() -> None:
    assert set(BINS_H) <= set(EDGES_H)
    assert all(later <= first * 1.25 for first, later in pairwise(EDGES_H) if first >= 4)


def test_percentiles_lie_within_the_step_that_they_fall_in() -> None:
    hours = [1.1] * 50 + [10.5] * 30 + [100.0] * 20
    histogram = Counter(map(step_of, hours))
    assert 1 <= percentile(histogram, 0.5) <= 1.5
    assert 10 <= percentile(histogram, 0.8) <= 12
    assert 96 <= percentile(histogram, 0.95) <= 108


def test_an_outlier_lies_beyond_the_third_quartile_by_more_than_its_quartile_ranges() -> None:
    histogram = Counter(map(step_of, [2.0] * 40 + [4.0] * 40 + [300.0] * 6))
    assert 4 < outlier_fence(histogram) < 12
    assert count_above(histogram, outlier_fence(histogram)) == 6


def test_bins_count_what_the_steps_do() -> None:
    histogram = Counter(map(step_of, [0.5, 23.9, 24.0, 10_000.0]))
    assert {BINS_H[place]: count for place, count in in_bins(histogram).items()} == {0: 1, 12: 1, 24: 1, 720: 1}


# Counting


def lodge(gateway: PaperGateway, town: Town, number: int, office: str = OFFICE, amends: str | None = None) -> str:
    head = {"system": "cn-customs-office", "value": office}
    record = consortium.declaration(f"{office}20261{number:09d}", office=head)
    signed = sign_record(
        record.for_ucrs((ucr(number),)),
        key=town.carrier,
        iss=CARRIER,
        consortium=CONSORTIUM.hex(),
        iat=int(town.clock()),
        jti=jti_of(f"{number}-{office}-{amends}"),
        amends=amends,
    )
    gateway.intake.accept(signed.serialize().encode())
    return signed.record_id


def anchor(gateway: PaperGateway) -> None:
    gateway.seal()
    gateway.follow()


def count(gateway: PaperGateway) -> StatisticsCounter:
    counter = StatisticsCounter(ReaderContext(gateway.services()))
    while counter.step():
        pass
    return counter


def lodged(gateway: PaperGateway) -> dict[str, int]:
    cell = statistics.c
    asked = select(cell.value, cell["count"]).where(cell.measure == "lodged", cell.dimension == "office")
    with gateway.store.reading() as connection:
        return {value: number for value, number in connection.execute(asked) if number}


def test_what_stands_on_the_chain_is_counted_once_however_often_it_is_gone_through(
    gateway: PaperGateway, town: Town
) -> None:
    for number in range(3):
        lodge(gateway, town, number)
    count(gateway)
    assert lodged(gateway) == {}  # nothing is anchored yet
    anchor(gateway)
    count(gateway)
    assert lodged(gateway) == {OFFICE: 3}
    with gateway.store.writing() as connection:
        connection.exec_driver_sql("UPDATE marks SET value = 0 WHERE name IN ('statistics_batches')")
    count(gateway)
    assert lodged(gateway) == {OFFICE: 3}


def test_an_amendment_moves_a_consignment_from_one_cell_to_another(gateway: PaperGateway, town: Town) -> None:
    first = lodge(gateway, town, 1)
    anchor(gateway)
    count(gateway)
    lodge(gateway, town, 1, office="0202", amends=first)
    anchor(gateway)
    count(gateway)
    assert lodged(gateway) == {"0202": 1}


def test_a_portion_that_was_cut_off_is_counted_again_to_the_same_numbers(gateway: PaperGateway, town: Town) -> None:
    for number in range(30):
        lodge(gateway, town, number)
    anchor(gateway)
    StatisticsCounter(ReaderContext(gateway.services())).step()  # the first portion of the consignments alone
    assert lodged(gateway) == {OFFICE: 25}
    count(gateway)
    assert lodged(gateway) == {OFFICE: 30}


def test_what_anchoring_cost_is_counted_once(gateway: PaperGateway, town: Town) -> None:
    for number in range(3):
        lodge(gateway, town, number)
    anchor(gateway)
    count(gateway)
    count(gateway)
    cell = statistics.c
    with gateway.store.reading() as connection:
        rows = connection.execute(select(cell.bucket, cell["count"]).where(cell.measure == "anchoring"))
        costs = {bucket: int(number) for bucket, number in rows}
    assert (costs["batches"], costs["entries"], costs["bytes"]) == (1, 3, 144)
    assert costs["gas"] > 21_000


# Reading


@pytest.fixture
def http(gateway: PaperGateway, town: Town) -> Iterator[TestClient]:
    town.chain.admit(GATEWAY, Role.GATEWAY | Role.REGULATOR)
    town.chain.add_key(GATEWAY, gateway.signer)
    gateway.registry.refresh()
    cells = {("lodged", "office", office, "2026-11", ""): many for office, many in (("0101", 40), ("0202", 9))}
    cells |= {("lodged", "office", "0303", "2026-11", ""): 2, ("lodged", "all", "", "2026-11", ""): 51}
    for office, many in (("0101", 40), ("0202", 9), ("0303", 2)):
        cells |= {("release", "office", office, "2026-11", str(step_of(hours))): many for hours in (2.0, 30.0)}
    cells |= {("finding", "H", "C31", "2026-11", "open"): 12, ("finding", "H", "C31", "2026-11", "cleared"): 7}
    with gateway.store.writing() as connection:
        add_counts(connection, cells)
    yield TestClient(gateway.app(), base_url=PUBLIC_URL)


def test_the_answer_tells_times_by_office_and_withholds_the_small_one_and_its_neighbour(
    http: TestClient, gateway: PaperGateway
) -> None:
    answer = http.get("/v1/statistics", headers=gateway.bearer(gateway.signer, GATEWAY))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["year"], told["years"], told["withheld_below"]) == ("2026", ["2026"], 5)
    assert {line["value"]: line["count"] for line in told["volumes"] if not line["month"]} == {
        "0101": 40,
        "0202": None,
        "0303": None,
    }
    times = {line["value"]: line for line in told["times"]}
    assert times["0101"]["count"] == 80 and 2 <= times["0101"]["p50_h"] <= 2.5 and times["0101"]["p95_h"] >= 28
    assert times["0303"]["count"] is None and times["0303"]["p50_h"] is None
    assert {line["state"]: line["count"] for line in told["findings"]} == {"cleared": 7, "open": 12}


def test_no_way_of_asking_gives_the_small_count_back(http: TestClient, gateway: PaperGateway) -> None:
    """0303 lodged two: neither its months, nor its bins, nor a difference of what is shown tells so."""
    told = http.get("/v1/statistics", headers=gateway.bearer(gateway.signer, GATEWAY)).json()
    shown = sum(line["count"] or 0 for line in told["volumes"] if not line["month"])
    assert 40 + 9 + 2 - shown == 11
    for table in ("volumes", "trend", "distribution"):
        assert all(line["count"] is None for line in told[table] if line["value"] in ("0202", "0303"))


def test_each_table_is_a_csv_whose_withheld_cells_are_empty(http: TestClient, gateway: PaperGateway) -> None:
    headers = gateway.bearer(gateway.signer, GATEWAY)
    for table in ("times", "trend", "distribution", "volumes", "findings", "corroboration", "anchoring"):
        answer = http.get("/v1/statistics/export", params={"table": table}, headers=headers)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv")
    answer = http.get("/v1/statistics/export", params={"table": "times"}, headers=headers)
    rows = {row["value"]: row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))}
    assert (rows["0101"]["count"], rows["0303"]["count"], rows["0303"]["p50_h"]) == ("80", "", "")


@pytest.mark.parametrize("asked", [{"by": "member"}, {"stretch": "lunch"}, {"year": "26"}, {"table": "people"}])
def test_what_is_not_told_is_refused_by_name(http: TestClient, gateway: PaperGateway, asked: dict[str, str]) -> None:
    path = "/v1/statistics/export" if "table" in asked else "/v1/statistics"
    answer = http.get(path, params=asked, headers=gateway.bearer(gateway.signer, GATEWAY))
    assert answer.status_code == 400
    assert next(iter(asked)) in answer.json()["detail"]


def test_who_may_read_is_a_line_of_the_policy(http: TestClient, gateway: PaperGateway, town: Town) -> None:
    assert http.get("/v1/statistics").status_code == 401
    for key, member in ((town.carrier, CARRIER), (town.broker, BROKER)):
        assert http.get("/v1/statistics", headers=gateway.bearer(key, member)).status_code == 403


def test_a_policy_without_the_line_shows_them_to_nobody() -> None:
    said = json.loads(POLICY_FILE.read_bytes())
    assert ViewPolicy.parse(json.dumps(said).encode()).may_read_statistics(Role.AUDITOR)
    del said["statistics"]
    every = Role((1 << len(Role)) - 1)
    assert not ViewPolicy.parse(json.dumps(said).encode()).may_read_statistics(every)


def test_the_policy_file_that_is_shipped_names_authorities_and_auditors(tmp_path: Path) -> None:
    policy = ViewPolicy.load()
    assert {role.name for role in Role if policy.may_read_statistics(role)} == {
        "CUSTOMS",
        "TAX",
        "REGULATOR",
        "AUDITOR",
    }
