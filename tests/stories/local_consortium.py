"""A whole consortium in one process for story tests: founded, embedded node, gateway over ASGI, attesters on call.

Nothing inside is faked: the chain is the embedded node, the contracts are the real ones, requests go through the
application. Only the wire is missing. Story tests say what members do and what each then sees.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi.testclient import TestClient

from chain.attester import AttestationPolicy, Attester
from chain.encoding import base64url
from chain.identifiers import Uscc
from chain.index_store import IndexStore
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.ledger import ContractAddresses, Expectations, Ledger
from chain.node import EmbeddedNode, Genesis, NodeProvider
from chain.records import sign_record
from chain.records.base import Record
from chain.records.sections import Party
from chain.records.trade import TradeParties
from chain.sdjwt import SignedRecord
from chain.verify.trust_root import LEDGER, REGISTRY, TrustRoot
from gateway.app import Gateway, build, create_app
from gateway.settings import GatewaySettings
from gateway.store.records import count_waiting
from scripts.consortium_folder import ConsortiumFolder, MemberProfile, load_account
from scripts.local_attesters import LedgerVote
from tests.founded import copy_founded
from tests.record_numbers import jti_of

PUBLIC_URL = "http://gateway.test"
WAIT_S = 30.0


@dataclass
class Town:
    """The running consortium."""

    folder: ConsortiumFolder
    root: TrustRoot
    ledger: Ledger
    gateway: Gateway
    http: TestClient
    attester: Attester
    _tokens: dict[str, tuple[str, int]] = field(default_factory=dict)
    _told: int = 0

    def member(self, slug: str) -> MemberProfile:
        """The member of that slug."""
        return self.folder.member(slug)

    def key(self, slug: str) -> SigningKey:
        """The member's signing key."""
        return self.folder.signing_key(slug)

    def sign(
        self, slug: str, record: Record, *ucrs: str, amends: str | None = None, withdraws: bool = False
    ) -> SignedRecord:
        """The member's record about these consignments."""
        self._told += 1
        return sign_record(
            record.for_ucrs(ucrs),  # type: ignore[arg-type]
            key=self.key(slug),
            iss=self.member(slug).uscc,
            consortium=self.root.consortium.hex(),
            iat=int(time.time()),
            jti=jti_of(f"{slug}-{self._told}"),
            amends=amends,
            withdraws=withdraws,
        )

    def say(
        self, slug: str, record: Record, *ucrs: str, amends: str | None = None, withdraws: bool = False
    ) -> SignedRecord:
        """Signs and submits; the gateway must take it."""
        signed = self.sign(slug, record, *ucrs, amends=amends, withdraws=withdraws)
        answer = self.post(slug, "/v1/records", signed.serialize())
        assert answer.status_code == 202, answer.text
        return signed

    def name(self, ucr: str, *slugs: str, by: str = "trader") -> SignedRecord:
        """Says who takes part in a consignment, as its owner does."""
        named = [Uscc(self.member(slug).uscc) for slug in slugs]
        parties = tuple(Party(role="agent", uscc=uscc) for uscc in named)
        return self.say(by, TradeParties(parties=parties).with_names(named), ucr)

    def token(self, slug: str) -> str:
        """The member's bearer token, another one before it lapses: a town lives as long as the tests of a process."""
        now = int(time.time())
        if slug not in self._tokens or self._tokens[slug][1] < now:
            uscc = self.member(slug).uscc
            claims: dict[str, Any] = {
                "iss": uscc,
                "sub": uscc,
                "aud": PUBLIC_URL,
                "jti": base64url(f"{slug}{now}".encode()),
                "iat": now,
                "exp": now + 60,
            }
            assertion = sign_compact({"typ": "client-authentication+jwt"}, claims, self.key(slug))
            answer = self.http.post(
                "/v1/token",
                data={
                    "grant_type": "client_credentials",
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    "client_assertion": assertion,
                },
            )
            assert answer.status_code == 200, answer.text
            said = answer.json()
            self._tokens[slug] = said["access_token"], now + said["expires_in"] // 2
        return self._tokens[slug][0]

    def get(self, slug: str, path: str, **query: str) -> httpx.Response:
        """A read by that member."""
        found: httpx.Response = self.http.get(
            path, params=query or None, headers={"Authorization": f"Bearer {self.token(slug)}"}
        )
        return found

    def post(self, slug: str, path: str, content: str, media_type: str = "application/sd-jwt") -> httpx.Response:
        """What that member sends."""
        headers = {"Authorization": f"Bearer {self.token(slug)}", "Content-Type": media_type}
        answer: httpx.Response = self.http.post(path, content=content, headers=headers)
        return answer

    def restart_gateway(self) -> None:
        """Stops the gateway and starts it again from its files, as an operator does."""
        self.http.__exit__(None, None, None)
        settings = self.gateway.services.settings
        self.gateway = build(settings, ledger=self.ledger)
        self.http = TestClient(create_app(settings, self.gateway), base_url=PUBLIC_URL)
        self.http.__enter__()

    def cover(self) -> None:
        """Waits until everything said is anchored, has it attested, and waits until the gateway knows."""
        until = time.monotonic() + WAIT_S
        services = self.gateway.services
        while time.monotonic() < until:
            self.attester.step(time.time())
            with services.store.reading() as connection:
                waiting = count_waiting(connection)
            progress = services.index.progress()
            if waiting == 0 and progress.batch_count and progress.map_count == progress.batch_count:
                return
            time.sleep(0.05)
        raise AssertionError(f"not covered after {WAIT_S} s: {services.index.progress()}")


@contextmanager
def open_town(path: Path, *, desks: tuple[str, ...] = (), **changed: Any) -> Iterator[Town]:
    """A consortium founded in the folder and running until the block ends.

    Its gateway holds the desk keys of these members, and has the settings told beside its own.
    """
    folder = ConsortiumFolder(path)
    root = copy_founded(folder)
    with ExitStack() as stack:
        passphrase = folder.passphrase()
        keys = [bytes(load_account(file, passphrase).key) for file in sorted((path / "validators").glob("*.json"))]
        node = EmbeddedNode.open(path / "node", Genesis.parse(folder.genesis.read_text()), keys)
        stack.callback(node.close)
        contracts = {one.name: "0x" + one.address.hex() for one in root.contracts}
        addresses = ContractAddresses(contracts[REGISTRY], contracts[LEDGER])
        ledger = Ledger(NodeProvider(node), addresses, expect=Expectations())
        settings = GatewaySettings.load(
            folder.gateway / "settings.json", public_url=PUBLIC_URL, anchor_period_s=0.05, poll_s=0.02, **changed
        )
        keys = {folder.member(slug).uscc: folder.member_folder(slug) / "signing.pem" for slug in desks}
        settings = settings.model_copy(update={"desk_keys": keys})
        gateway = build(settings, ledger=ledger)
        http = TestClient(create_app(settings, gateway), base_url=PUBLIC_URL)
        http.__enter__()
        index = IndexStore.open(path / "attester", root.consortium)
        stack.callback(index.close)
        governors = [one for one in folder.members() if (folder.member_folder(one.slug) / "attester.json").exists()]
        votes = [LedgerVote(one.uscc, folder.account(one.slug, "attester"), ledger) for one in governors]
        attester = Attester(ledger, index, root.consortium, votes, AttestationPolicy(quiet_s=0.0))
        town = Town(folder, root, ledger, gateway, http, attester)
        stack.callback(lambda: town.http.__exit__(None, None, None))
        yield town
