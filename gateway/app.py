"""The gateway as an ASGI application: builds its parts from the settings, runs its threads, mounts its routes."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.concurrency import run_in_threadpool

from chain.clock import WatchedClock, uptime_s
from chain.errors import Malformed
from chain.follower import Follower
from chain.index_store import IndexStore
from chain.keys import SigningKey
from chain.ledger import ContractAddresses, Expectations, Ledger
from chain.ledger.faults import LedgerUnreachable
from chain.ledger.hardware_account import load_named_account
from chain.members import PolicyName
from chain.program_version import program_version
from chain.proof.hashes import sha256
from chain.records import parse_record_rules
from chain.rule_tables import tables_for
from chain.rules.pack import pack_digest
from chain.verify.trust_root import LEDGER, REGISTRY, TrustRoot
from gateway.access.rate_limits import OpenShare, RateLimits
from gateway.access.tokens import TokenService
from gateway.anchoring.anchor_tracker import AnchorTracker
from gateway.anchoring.sealer import Sealer
from gateway.api.middleware import install_rim
from gateway.api.openapi import describe
from gateway.api.reference_page import install_reference
from gateway.api.routes.health import LoopHealth, health_router, make_figures
from gateway.api.routes.ingest import ingest_router
from gateway.api.routes.ledger import ledger_router, trust_root_router
from gateway.api.routes.notes import notes_router
from gateway.api.routes.operator_log import operator_log_router
from gateway.api.routes.people import people_routers
from gateway.api.routes.problems import problems_router
from gateway.api.routes.read_routers import READ_ROUTERS
from gateway.api.routes.replication import replication_router
from gateway.api.routes.schemas import schemas_router
from gateway.api.routes.session import session_router
from gateway.api.routes.statistics import statistics_router
from gateway.api.routes.webhooks import webhook_router
from gateway.api.session_cookies import SessionCookies
from gateway.console import console_router
from gateway.ingest.service import Intake
from gateway.ingest.validation import RecordValidator, Sm2Limits
from gateway.ingest.worker_pool import WorkerPool, WorkerSetup
from gateway.membership.registry import Registry
from gateway.membership.tag_keys import TagKeys
from gateway.people.service import People
from gateway.query.operator_log import OperatorLog
from gateway.query.queries import Queries
from gateway.replication.erasures import TombstonePuller
from gateway.replication.holdings import HoldingsService
from gateway.replication.peer import Peer
from gateway.replication.policy import ReplicationPolicy
from gateway.replication.puller import Puller
from gateway.replication.unopened_entries import UnopenedEntries
from gateway.runtime.loops import Loop
from gateway.runtime.tracing import open_traces
from gateway.search_index.facts import FLUSH_LAG_RECORDS_MAX, FLUSH_RECORDS_MAX, flush_pending
from gateway.services import Services
from gateway.settings import GatewaySettings
from gateway.store.store import Store
from gateway.store.vault import DataKeys, Vault

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

CONNECT_TIMEOUT_S = 60.0
"""How long a starting gateway waits for its chain."""
CONNECT_PAUSE_S = 0.5
FLUSH_PAUSE_S = 0.5
"""How often the store is asked whether search facts wait."""
FLUSH_RECORDS_FEW = 8
"""Records whose search facts are flushed together while single records are posted, which wait meanwhile: some 4 ms."""
FLUSH_PAUSE_POSTING_S = 0.03
"""The pause then: 270 records a second are flushed, and what comes faster is flushed later."""
ERASURE_PAUSE_S = 0.5
CHECKPOINT_PAUSE_S = 4.0
"""Between two checkpoints of the store: each holds up writers for some ten milliseconds."""
SEALER_PAUSE_S = 0.05
"""How often the sealer looks for what waits and for its batches' blocks, unless the chain is asked oftener."""
HEAD_AHEAD_S_MAX = 15.0
"""Clocks of validators and gateways differ by less."""
TITLE = "Tongguan gateway"
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""The framework's own telemetry tells paths and queries, in which UCRs and references stand: `tracing.py` does not."""

_log = logging.getLogger("gateway")


class UnagreedRules(Malformed):
    """The record rules file is not the one whose hash the members agreed on: the gateway does not serve."""


@dataclass(frozen=True)
class Gateway:
    """One gateway's parts and threads."""

    services: Services
    loop_health: LoopHealth
    holdings: HoldingsService | None = None
    """None: it gives other gateways nothing."""
    puller: Puller | None = None
    """None where no other gateway is known."""

    def start(self) -> None:
        """Starts follower, sealer and the flushing of search facts."""
        for loop in self.loop_health.loops:
            loop.start()

    def stop(self) -> None:
        """Lets the steps in hand end; what is unfinished is in the outbox and is finished at the next start."""
        for loop in reversed(self.loop_health.loops):
            loop.stop()
        self.services.intake.close()
        self.loop_health.sealer.close()
        self.services.store.close()
        self.services.index.close()
        self.services.tracing.close()


def connect(settings: GatewaySettings, root: TrustRoot) -> Ledger:
    """The ledger client for the trust root's chain; raises LedgerFault.

    Waits at most `CONNECT_TIMEOUT_S` for an endpoint that cannot be reached. One that is there and serves another
    chain, other code or no proofs will not become the right one by waiting.
    """
    contracts = {one.name: one for one in root.contracts if one.to_block is None}
    addresses = ContractAddresses("0x" + contracts[REGISTRY].address.hex(), "0x" + contracts[LEDGER].address.hex())
    code_hashes = {name: "0x" + one.code_hash.hex() for name, one in contracts.items()}
    expect = Expectations(root.chain_id, "0x" + root.genesis_hash.hex(), code_hashes)
    until = time.monotonic() + CONNECT_TIMEOUT_S
    while True:
        try:
            return Ledger(
                settings.rpc_url,
                addresses,
                expect=expect,
                gas_price_wei=settings.gas_price_wei,
                unsealed=root.is_unsealed,
            )
        except LedgerUnreachable as fault:
            if time.monotonic() > until:
                raise
            _log.warning("waiting for the chain: %s", fault)
            time.sleep(CONNECT_PAUSE_S)


def build(
    settings: GatewaySettings, *, clock: Callable[[], float] = time.time, ledger: Ledger | None = None
) -> Gateway:
    """All parts of one gateway, not yet started. Raises Malformed, LedgerFault, StoreFault, OSError."""
    root = TrustRoot.parse(settings.trust_root_file.read_bytes())
    passphrase = settings.passphrase_file.read_bytes().strip()
    signer = SigningKey.load(settings.signing_key_file.read_bytes(), passphrase)
    account = _load_account(settings, passphrase)
    data_keys = DataKeys.load(settings.data_keys_file)
    store = Store.open(settings.store_url, Vault(data_keys))
    chain = ledger or connect(settings, root)
    index = IndexStore.open(settings.index_dir, root.consortium)
    # How long the chain was silent is no matter of the time of day, which may step back.
    registry = Registry(chain, time.monotonic, settings.registry_age_max_s)
    registry.refresh()
    rules = settings.record_rules_file.read_bytes()
    _check_rules(rules, registry)
    tag_keys = TagKeys.load(settings.tag_keys_file)
    examiner = RecordValidator(
        root.consortium.hex(),
        parse_record_rules(rules),
        tag_keys,
        settings.clock_skew_s,
        settings.record_age_max_s,
        pack_digest(tables_for(settings.rule_tables_dir).roots),
        Sm2Limits(settings.member_sm2_records_per_s),
    )
    desk = TokenService(
        member=settings.member,
        audiences=[settings.public_url, settings.public_url.rstrip("/") + "/v1/token"],
        signer=signer,
        registry=registry,
        store=store,
        clock=clock,
        lifetime_s=settings.token_lifetime_s,
        skew_s=settings.clock_skew_s,
        reads=RateLimits(settings.member_reads_per_s, clock, what="requests"),
    )
    tracing = open_traces(settings.traces_file, settings.member)
    intake = Intake(settings, store, registry, index, examiner, signer, clock, tracing)
    watched = WatchedClock(clock, uptime_s if clock is time.time else clock)
    intake.clock_fault = lambda: _clock_fault(watched, registry)
    if settings.verifier_processes:
        intake.verifiers = WorkerPool(WorkerSetup.of(intake.preparer, data_keys), settings.verifier_processes)
    people = People.open(settings, store, registry, clock)
    services = Services(
        settings=settings,
        trust_root=root,
        store=store,
        ledger=chain,
        index=index,
        registry=registry,
        tag_keys=tag_keys,
        signer=signer,
        tokens=desk,
        intake=intake,
        clock=clock,
        people=people,
        tracing=tracing,
    )
    if people is not None:
        desk.tickets = people.sessions
    policy = _replication_policy(settings)
    puller = _puller(services, policy)
    holdings = HoldingsService(store, index, registry, policy)
    return Gateway(services, _loop_health(services, account, puller), holdings, puller)


def create_app(settings: GatewaySettings, gateway: Gateway | None = None) -> FastAPI:
    """The application; its parts start with its lifespan. Give `gateway` where the parts were built already."""
    running = gateway or build(settings)
    services = running.services
    operator_log = OperatorLog(services.store, settings, services.clock)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        running.start()
        operator_log.note_start()
        yield
        operator_log.note_stop()
        await run_in_threadpool(running.stop)

    app = FastAPI(
        title=TITLE,
        version=program_version(),
        lifespan=lifespan,
        openapi_url=None,  # `install_reference` serves it, written once
        docs_url=None,
        redoc_url=None,
        telemetry=NO_TELEMETRY,
    )
    if services.people is not None:
        app.add_middleware(SessionCookies, people=services.people)

    def open_share() -> OpenShare:
        per_address, total = settings.open_bytes_per_address_per_s, settings.open_bytes_per_s
        return OpenShare(per_address, total, services.clock, what="bytes")

    install_rim(app, services.tracing, services.registry.age_s, open_share)
    install_reference(app)
    # Raises UnagreedPolicy, or MalformedPolicy: then nothing is served.
    (queries := Queries(services)).context.check_policy()
    app.include_router(ingest_router(services))
    app.include_router(session_router(services))
    for make in READ_ROUTERS:
        app.include_router(make(queries))
    with_queries = webhook_router(services, queries), statistics_router(services, queries)
    for router in (*with_queries, *people_routers(services, queries)):
        app.include_router(router)
    for ledger_routes in (ledger_router(services), trust_root_router(services), notes_router(queries)):
        app.include_router(ledger_routes)
    app.include_router(operator_log_router(services, operator_log))
    holdings = running.holdings or HoldingsService(services.store, services.index, services.registry, None)
    app.include_router(replication_router(services, holdings, running.puller))
    for pages in (console_router(), schemas_router(), problems_router()):
        app.include_router(pages)
    app.include_router(health_router(services, running.loop_health, make_figures(services, running.loop_health)))

    describe(app)
    return app


def _replication_policy(settings: GatewaySettings) -> ReplicationPolicy | None:
    file = settings.replication_policy_file
    return None if file is None else ReplicationPolicy.parse(file.read_bytes())


def _puller(services: Services, policy: ReplicationPolicy | None) -> Puller | None:
    settings = services.settings
    if policy is None or not settings.peers:
        return None
    parts = services.store, services.index, services.registry, services.tag_keys
    consortium = services.trust_root.consortium.hex()
    return Puller(
        store=services.store,
        index=services.index,
        registry=services.registry,
        tag_keys=services.tag_keys,
        preparer=services.intake.preparer,
        peers=[
            Peer(member, url, own_member=settings.member, signer=services.signer)
            for member, url in sorted(settings.peers.items())
            if member != settings.member
        ],
        member=settings.member,
        policy=policy,
        find_gateway_member=services.ledger.find_gateway_member,
        clock=services.clock,
        unopened=UnopenedEntries(services.index, settings.unopened_after_s, settings.unopened_tries_min),
        tombstones=TombstonePuller(*parts, consortium, services.intake.erasures.judge, services.clock),
    )


def _loop_health(services: Services, account: LocalAccount, puller: Puller | None) -> LoopHealth:
    settings = services.settings
    follower = Follower(services.ledger, services.index, services.trust_root.consortium)
    tracing = services.tracing
    watcher = AnchorTracker(
        services.store,
        services.registry,
        follower,
        services.index,
        services.tag_keys,
        tracing,
        anchor_promise_s=settings.anchor_promise_s,
    )
    sealer = Sealer(settings, services.store, services.ledger, services.registry, account, services.clock, tracing)

    follower_loop = Loop("follower", watcher.step, lambda: settings.poll_s)

    def seal() -> bool:
        # What stands on the chain already must be known before anything is sealed: see `anchoring.anchor_tracker`.
        if not watcher.caught_up.is_set() or services.intake.clock_fault():
            return False
        anchored = sealer.status.anchored_batches
        done = sealer.step()
        if sealer.status.anchored_batches > anchored:
            follower_loop.wake()
        return done

    def pause_s() -> float:
        return sealer.status.pause_s if sealer.status.stalled_since else min(settings.poll_s, SEALER_PAUSE_S)

    def flush_some() -> bool:
        # While uploads take every core and many records wait for the chain, facts are flushed a few at a time; then, or
        # when too many wait, as fast as they can. Single records wait for few at a time, with pauses.
        posting = services.intake.is_posting()
        left = flush_pending(services.store, FLUSH_RECORDS_FEW if posting else FLUSH_RECORDS_MAX)
        many = services.intake.waiting() > settings.batch_entries_max
        busy = posting or services.intake.is_uploading() or (many and sealer.is_waiting)
        return left > (FLUSH_LAG_RECORDS_MAX if busy else 0)

    def flush_pause_s() -> float:
        return FLUSH_PAUSE_POSTING_S if services.intake.is_posting() else FLUSH_PAUSE_S

    def checkpoint() -> bool:
        services.store.checkpoint()
        return False

    pulling = () if puller is None else (Loop("replication-loop", puller.step, lambda: settings.poll_s),)
    loops = (
        follower_loop,
        Loop("erasure-loop", services.intake.erasures.step, lambda: ERASURE_PAUSE_S),
        Loop("sealer-loop", seal, pause_s),
        Loop("search-loop", flush_some, flush_pause_s),
        Loop("store-loop", checkpoint, lambda: CHECKPOINT_PAUSE_S),
        *pulling,
    )
    return LoopHealth(watcher, sealer, loops)


def _clock_fault(watched: WatchedClock, registry: Registry) -> str:
    ahead_s = registry.head_timestamp - watched()
    if ahead_s > HEAD_AHEAD_S_MAX:
        return f"the newest block is dated {ahead_s:.0f} s ahead of this gateway's clock: none follows until then"
    return watched.fault


def _check_rules(rules: bytes, registry: Registry) -> None:
    agreed = registry.snapshot().find_policy(PolicyName.RECORD_RULES) or b""
    if sha256(rules) != agreed:
        raise UnagreedRules(
            "record rules",
            f"must be the file whose hash the members agreed on, {agreed.hex() or 'which is none'}",
            value=sha256(rules).hex(),
            fix="Use the agreed file, or have the governors agree on this one",
        )


def _load_account(settings: GatewaySettings, passphrase: bytes) -> LocalAccount:
    from eth_account import Account

    content = settings.account_file.read_text()
    if (named := load_named_account(content)) is not None:
        return named
    try:
        key = Account.decrypt(content, passphrase.decode())
    except ValueError as error:
        raise Malformed("account file", "must open with the passphrase") from error
    account: LocalAccount = Account.from_key(key)
    return account
