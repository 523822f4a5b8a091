"""Whether the gateway works, part by part, and its figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from chain.errors import StoreFault
from gateway.anchoring.anchor_tracker import AnchorTracker
from gateway.anchoring.sealer import Sealer
from gateway.api.media_types import TEXT
from gateway.api.models.ingest import PartState, Readiness
from gateway.api.operation import describes
from gateway.replication.puller import REPLICATED
from gateway.runtime.loops import Loop
from gateway.services import Services
from gateway.store.outbox import read_mark
from gateway.store.records import count_overdue, count_waiting, oldest_waiting
from gateway.store.replicas import count_gaps

HEAD_LAG_BLOCKS_MAX = 50
"""With more blocks to read the follower is behind, and views would be old."""


@dataclass(frozen=True)
class LoopHealth:
    """The moving parts whose state is told."""

    watcher: AnchorTracker
    sealer: Sealer
    loops: Sequence[Loop]


def readiness(services: Services, loop_health: LoopHealth) -> Readiness:
    """What works and what does not, with the reason."""
    parts = {"store": _store_state(services)}
    age_s = services.registry.age_s()
    silent = age_s > services.settings.registry_age_max_s
    parts["chain"] = PartState(ready=not silent, reason=f"no word for {age_s:.0f} s" if silent else "")
    behind = loop_health.watcher.blocks_behind
    caught_up = loop_health.watcher.caught_up.is_set() and behind <= HEAD_LAG_BLOCKS_MAX
    parts["follower"] = PartState(ready=caught_up, reason="" if caught_up else f"{behind} blocks behind")
    status = loop_health.sealer.status
    stalled = status.stopped or (
        f"since {status.stalled_since:.0f}: {status.fault_name}" if status.stalled_since else ""
    )
    parts["sealer"] = PartState(ready=not stalled, reason=stalled)
    if services.intake.verifiers is not None:
        # They are started again by the next upload, so that none is missing yet.
        parts["verifiers"] = PartState(ready=True, reason=services.intake.verifiers.fault())
    clock_fault = services.intake.clock_fault()
    parts["clock"] = PartState(ready=not clock_fault, reason=clock_fault)
    for loop in (*loop_health.loops, *services.loops):
        if reason := loop.dead or loop.fault_name:
            parts[loop.name] = PartState(ready=False, reason=reason)
    return Readiness(ready=all(part.ready for part in parts.values()), parts=parts)


def health_router(services: Services, loop_health: LoopHealth, figures: CollectorRegistry) -> APIRouter:
    """`/healthz` (the process answers), `/readyz` (which part does not work), `/metrics`."""
    router = APIRouter(tags=["operate"])

    @router.get("/healthz")
    @describes("internal", is_open=True)
    def get_health() -> dict[str, str]:
        """That the process answers."""
        return {"status": "alive"}

    @router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
    @describes("internal", is_open=True)
    def get_readiness(response: Response) -> Readiness:
        """Whether records are taken and anchored now; 503 and the reason where a part does not work."""
        said = readiness(services, loop_health)
        if not said.ready:
            response.status_code = 503
        return said

    @router.get("/metrics", response_class=Response)
    @describes("internal", answer="Prometheus' text format", media_types=(TEXT,), is_open=True)
    def get_metrics() -> Response:
        """The figures in Prometheus' text format."""
        return Response(generate_latest(figures), media_type=CONTENT_TYPE_LATEST)

    return router


class Figures(Collector):
    """Figures read from the parts at the moment they are asked for."""

    def __init__(self, services: Services, loop_health: LoopHealth) -> None:
        self._services = services
        self._loop_health = loop_health

    def describe(self) -> list[Metric]:
        """Nothing beforehand: reading the store while starting would be too early."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        status = self._loop_health.sealer.status
        watcher = self._loop_health.watcher
        intake = self._services.intake
        yield _counter("tongguan_records_accepted", "Records accepted since start", intake.accepted_count)
        yield _counter("tongguan_records_refused_at_intake", "Records refused at the door", intake.refused_count)
        yield _counter("tongguan_records_refused_by_sealer", "Refused before anchoring", status.refused_records)
        yield _counter("tongguan_batches_anchored", "Batches anchored since start", status.anchored_batches)
        yield _counter("tongguan_records_anchored", "Records anchored since start", status.anchored_records)
        yield _counter("tongguan_records_anchored_late", "Of them past their promise", status.late_records)
        yield _gauge("tongguan_sealer_stalled", "1 while the chain takes no batch", float(bool(status.stalled_since)))
        progress = self._services.index.progress()
        yield _gauge("tongguan_head_lag_blocks", "Blocks the follower has to read", watcher.blocks_behind)
        yield _gauge(
            "tongguan_checkpoint_lag_batches", "Batches under no checkpoint", progress.batch_count - progress.map_count
        )
        yield _gauge("tongguan_registry_age_seconds", "Since the chain was heard", self._services.registry.age_s())
        try:
            yield from self._outbox()
            yield from self._replication()
            yield _gauge("tongguan_store_up", "1 while the store answers", 1.0)
        except StoreFault:
            # The other figures are needed most when the store is gone.
            yield _gauge("tongguan_store_up", "1 while the store answers", 0.0)

    def _outbox(self) -> Iterator[Metric]:
        now = self._services.clock()
        with self._services.store.reading() as connection:
            waiting, oldest = count_waiting(connection), oldest_waiting(connection)
            overdue = count_overdue(connection, int(now))
        yield _gauge("tongguan_outbox_records", "Records that wait for the chain", waiting)
        yield _gauge(
            "tongguan_outbox_age_seconds", "Age of the oldest of them", max(0.0, now - oldest) if oldest else 0.0
        )
        yield _gauge("tongguan_promise_breaches", "Records that wait past their promise", float(overdue))

    def _replication(self) -> Iterator[Metric]:
        settings = self._services.settings
        replicates = settings.replication_policy_file is not None and bool(settings.peers)
        with self._services.store.reading() as connection:
            gap_batches, missing = count_gaps(connection)
            replicated = read_mark(connection, REPLICATED)
        lag = self._services.index.progress().batch_count - replicated if replicates else 0
        yield _gauge("tongguan_replication_lag_batches", "Batches not looked at for others' records", max(0, lag))
        yield _gauge("tongguan_replication_gap_batches", "Batches of which records are missing here", gap_batches)
        yield _gauge("tongguan_replication_missing_entries", "Entries that no record here has", missing)


def make_figures(services: Services, loop_health: LoopHealth) -> CollectorRegistry:
    """A registry of figures of its own, so that two gateways in one process do not mix."""
    figures = CollectorRegistry(auto_describe=False)
    figures.register(Figures(services, loop_health))
    return figures


def _store_state(services: Services) -> PartState:
    try:
        services.store.ping()
    except StoreFault:
        return PartState(ready=False, reason="the store does not answer")
    return PartState(ready=True)


def _counter(name: str, text: str, value: float) -> Metric:
    family = CounterMetricFamily(name, text)
    family.add_metric([], value)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family
