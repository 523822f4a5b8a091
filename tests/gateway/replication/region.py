"""Three organisations in one process, founded by the ceremony, each with a gateway and a store of its own.

The chain is the embedded node, the contracts are the real ones, gateways ask each other through their applications.
Only the wire is missing, and that is where tests tamper: see `Wire`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from chain.attester import AttestationPolicy, Attester
from chain.index_store import IndexStore
from chain.ledger import ContractAddresses, Expectations, Ledger
from chain.node import EmbeddedNode, Genesis, NodeProvider
from chain.records import sign_record
from chain.records.base import Record
from chain.sdjwt import SignedRecord
from chain.verify.trust_root import LEDGER, REGISTRY, TrustRoot
from gateway.app import Gateway, build, create_app
from gateway.client import GatewayClient
from gateway.replication.erasures import TombstonePuller
from gateway.replication.peer import Peer
from gateway.search_index.erasure import erase
from gateway.settings import GatewaySettings
from gateway.store.model import BatchState, batches, replication_gaps
from gateway.store.records import count_waiting
from gateway.store.replicas import count_gaps
from scripts.bootstrap import example_uscc
from scripts.consortium_folder import ConsortiumFolder, MemberProfile, load_account
from scripts.foundation.ceremony import Draft, draft_plan, run_plan
from scripts.foundation.check import connect_to_plan, examine, require_as_planned
from scripts.foundation.embedded_chain import genesis_time, make_embedded_chain, open_embedded_chain
from scripts.foundation.organisation import CardDetails, keep_founding, make_card, make_member, own_accounts
from scripts.foundation.plan import PlanFolder
from scripts.foundation.registration import register_own
from scripts.local_attesters import LedgerVote
from tests.record_numbers import jti_of

WAIT_S = 40.0
RETRY_EACH = 20
"""Looks between two tries at gaps: a second."""
UNOPENED_AFTER_S = 2
"""What stands for a day."""
READS_WAIT_S = 0.8
"""Longer than reads alone wait for their batch here."""
EVERY_ROLE = ("BROKER", "TRADER", "CUSTOMS", "CARRIER", "TERMINAL", "BANK", "TAX", "REGULATOR", "AUDITOR", "GATEWAY")
SEATS = {
    "beijing": (example_uscc("110000", 7300), "0100900001"),
    "tianjin": (example_uscc("120000", 7301), "0200900002"),
    "hebei": (example_uscc("130000", 7302), "0400900003"),
}
Tamper = Callable[[httpx.Request, httpx.Response], httpx.Response]


class Wire(httpx.BaseTransport):
    """What lies between two gateways; `tamper` may change an answer, or raise as a broken connection does."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.tamper: Tamper | None = None
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        tamper = self.tamper  # a test may change it meanwhile
        try:
            answer = self._inner.handle_request(request)
            answer.read()
        except Exception as fault:  # a stopped application is a broken connection on a wire
            raise httpx.ConnectError(str(fault), request=request) from fault
        if tamper is None:
            return answer
        return tamper(request, answer)


@dataclass
class Office:
    """One organisation."""

    slug: str
    folder: ConsortiumFolder
    ledger: Ledger
    gateway: Gateway = field(init=False)
    http: TestClient = field(init=False)
    wires: dict[str, Wire] = field(default_factory=dict)
    """How it reaches each other organisation's gateway, by slug."""

    @property
    def uscc(self) -> str:
        return self.folder.member(self.slug).uscc

    @property
    def url(self) -> str:
        return f"http://{self.slug}.test"

    def open(self, **settings: Any) -> None:
        """Builds the gateway from its files; `start` runs it."""
        loaded = GatewaySettings.load(
            self.folder.gateway / "settings.json",
            public_url=self.url,
            anchor_period_s=0.05,
            poll_s=0.02,
            verifier_processes=0,
            **settings,
        )
        self.gateway = build(loaded, ledger=self.ledger)
        self.http = TestClient(create_app(loaded, self.gateway), base_url=self.url)

    @property
    def tombstones(self) -> TombstonePuller:
        """What takes over others' erasures here."""
        assert self.gateway.puller is not None and self.gateway.puller.tombstones is not None
        return self.gateway.puller.tombstones

    def client(self) -> GatewayClient:
        """A client of the organisation's own gateway, as its own member."""
        key = self.folder.signing_key(self.slug)
        return GatewayClient(self.url, signer=key, member=self.uscc, transport=self.http._transport)

    def view(self, ucr: str) -> dict[str, Any]:
        """The consignment as customs of this organisation sees it, the read receipt aside."""
        with self.client() as client:
            view = client.consignment(ucr)
        view.pop("read_receipt")
        return view

    def erase(self, record: SignedRecord, *names: str) -> None:
        """Erases sections of a record in this store, as whoever may erase has it done."""
        digests = [digest for name in names for digest in record.sections[name]]
        store = self.gateway.services.store
        with store.writing() as connection:
            erase(connection, store.vault, record.record_id, digests, erasure="0" * 43, at=1)

    def gaps(self) -> tuple[int, int]:
        """Batches with gaps, and entries that are missing."""
        with self.gateway.services.store.reading() as connection:
            return count_gaps(connection)


@dataclass
class Region:
    """The three, on one chain."""

    path: Path
    root: TrustRoot
    offices: dict[str, Office]
    attester: Attester
    _told: int = 0

    def start(self) -> None:
        """Opens and starts every gateway that does not run."""
        for office in self.offices.values():
            office.open(unopened_after_s=UNOPENED_AFTER_S, unopened_tries_min=2)
        for office in self.offices.values():
            self.connect(office)
        for office in self.offices.values():
            office.http.__enter__()

    def connect(self, office: Office) -> None:
        """Lets a gateway reach the others through wires."""
        assert office.gateway.puller is not None
        key = office.folder.signing_key(office.slug)
        peers = []
        for slug, other in self.offices.items():
            if slug != office.slug:
                wire = office.wires.setdefault(slug, Wire(other.http._transport))
                wire._inner = other.http._transport
                peers.append(Peer(other.uscc, other.url, own_member=office.uscc, signer=key, transport=wire))
        office.gateway.puller.peers = peers

    def stop(self) -> None:
        for office in self.offices.values():
            office.http.__exit__(None, None, None)

    def say(self, slug: str, record: Record, *ucrs: str, at: str = "", amends: str | None = None) -> SignedRecord:
        """An organisation's record, given to its own gateway or to another's."""
        self._told += 1
        office = self.offices[slug]
        signed = sign_record(
            record.for_ucrs(ucrs),  # type: ignore[arg-type]
            key=office.folder.signing_key(slug),
            iss=office.uscc,
            consortium=self.root.consortium.hex(),
            iat=int(time.time()),
            jti=jti_of(f"{slug}-{self._told}"),
            amends=amends,
        )
        self.submit(slug, signed, at or slug)
        return signed

    def submit(self, slug: str, signed: SignedRecord, at: str) -> tuple[int, str]:
        """Gives an organisation's record to a gateway: the status and the receipt of its answer."""
        office, door = self.offices[slug], self.offices[at]
        key = office.folder.signing_key(slug)
        with GatewayClient(door.url, signer=key, member=office.uscc, transport=door.http._transport) as client:
            headers = {"Authorization": f"Bearer {client.token()}"}
        answer = door.http.post("/v1/records", content=signed.serialize(), headers=headers)
        assert answer.status_code in (200, 202), answer.text
        return answer.status_code, answer.json()["receipt"]

    def retry_now(self) -> None:
        """As after the longest pause: every gap is due."""
        for office in self.offices.values():
            with office.gateway.services.store.writing() as connection:
                connection.execute(update(replication_gaps).values(next_at=0))

    def fill(self, office: Office) -> None:
        """Waits until a gateway has no gap: a peer that it asked early may not have read its own batch yet."""
        until = time.monotonic() + WAIT_S
        while office.gaps() != (0, 0):
            assert time.monotonic() < until, f"{office.slug} has gaps still: {office.gaps()}"
            self.retry_now()
            time.sleep(0.1)

    def settle(self, *, gaps: bool = False) -> None:
        """Waits until everything said is anchored and every gateway has looked at every batch.

        Without `gaps` no gap may be left: each is due every second, since the pauses between tries grow past the wait.
        """
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            for _ in range(RETRY_EACH):
                if all(self._is_settled(office, gaps=gaps) for office in self.offices.values()):
                    return
                time.sleep(0.05)
            if not gaps and any(office.gaps() != (0, 0) for office in self.offices.values()):
                self.retry_now()
        states = {slug: (office.gaps(), _progress(office)) for slug, office in self.offices.items()}
        raise AssertionError(f"not settled after {WAIT_S} s: {states}")

    def burn(self, office: Office) -> None:
        """The machine is gone with its store; the folder with keys and settings was kept elsewhere.

        Reads are records too: once the others hold them, nothing is lost by the fire.
        """
        self.settle()
        time.sleep(READS_WAIT_S)
        self.settle()
        office.http.__exit__(None, None, None)
        for file in office.folder.gateway.glob("store.sqlite*"):
            file.unlink()
        shutil.rmtree(office.folder.gateway / "index")

    def cover(self) -> None:
        """Has everything attested, and waits until every gateway knows."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            self.attester.step(time.time())
            progress = [office.gateway.services.index.progress() for office in self.offices.values()]
            if all(one.batch_count and one.map_count == one.batch_count for one in progress):
                return
            time.sleep(0.05)
        raise AssertionError(f"not covered after {WAIT_S} s")

    def _is_settled(self, office: Office, *, gaps: bool) -> bool:
        with office.gateway.services.store.reading() as connection:
            is_open = batches.c.state == BatchState.OPEN
            waiting = (
                count_waiting(connection)
                + connection.execute(select(func.count()).select_from(batches).where(is_open)).scalar_one()
            )
        count = office.ledger.batch_count()
        return waiting == 0 and _progress(office) == (count, count) and (gaps or office.gaps() == (0, 0))


def _progress(office: Office) -> tuple[int, int]:
    from gateway.replication.puller import REPLICATED
    from gateway.store.outbox import read_mark

    with office.gateway.services.store.reading() as connection:
        return office.gateway.services.index.progress().batch_count, read_mark(connection, REPLICATED)


def found_region(path: Path) -> TrustRoot:
    """The ceremony for the three, each in a folder of its own under `path`."""
    folders = {slug: ConsortiumFolder(path / slug) for slug in SEATS}
    cards = []
    for slug, (uscc, code) in SEATS.items():
        folders[slug].make_passphrase()
        make_member(folders[slug], MemberProfile(uscc, slug, slug, "governor", EVERY_ROLE, code), runs_gateway=True)
        cards.append(make_card(folders[slug], slug, CardDetails(gateway_url=f"http://{slug}.test")))
    node = ConsortiumFolder(path / "node")
    make_embedded_chain(node)
    plan_folder = PlanFolder(path / "plan")
    began = genesis_time(node)
    with open_embedded_chain(node, clock=lambda: began) as endpoint:
        plan = draft_plan(plan_folder, cards, endpoint, Draft())
        for slug, folder in folders.items():
            plan_folder.approve(plan, slug, folder.signing_key(slug))
        founded = run_plan(plan_folder, plan, endpoint, node.make_account("", "deployer"), lambda line: None)
        ledger = connect_to_plan(endpoint, plan, founded)
        register_own(ledger, plan, {k: v for folder in folders.values() for k, v in own_accounts(folder).items()})
        examination = examine(ledger, plan)
    require_as_planned(examination)
    for folder in folders.values():
        keep_founding(folder, plan_folder, plan, examination.trust_root, "")
    return examination.trust_root


@contextmanager
def open_region(path: Path) -> Iterator[Region]:
    """The region, founded and running until the block ends."""
    root = found_region(path)
    with ExitStack() as stack:
        node_folder = ConsortiumFolder(path / "node")
        files = sorted((node_folder.path / "validators").glob("*.json"))
        keys = [bytes(load_account(file, node_folder.passphrase()).key) for file in files]
        genesis = Genesis.parse(node_folder.genesis.read_text())
        node = EmbeddedNode.open(node_folder.path / "node", genesis, keys)
        stack.callback(node.close)
        contracts = {one.name: "0x" + one.address.hex() for one in root.contracts}
        addresses = ContractAddresses(contracts[REGISTRY], contracts[LEDGER])
        offices = {
            slug: Office(
                slug, ConsortiumFolder(path / slug), Ledger(NodeProvider(node), addresses, expect=Expectations())
            )
            for slug in SEATS
        }
        index = IndexStore.open(path / "attester", root.consortium)
        stack.callback(index.close)
        votes = [
            LedgerVote(office.uscc, office.folder.account(slug, "attester"), office.ledger)
            for slug, office in offices.items()
        ]
        policy = AttestationPolicy(quiet_s=0.0)
        attester = Attester(offices["beijing"].ledger, index, root.consortium, votes, policy)
        region = Region(path, root, offices, attester)
        region.start()
        stack.callback(region.stop)
        yield region


def await_true(holds: Callable[[], bool]) -> None:
    """Returns once it holds; reads are logged, so it is not asked all the time."""
    until = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.3)
