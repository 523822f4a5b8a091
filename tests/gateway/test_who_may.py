"""Who may say what and ask what: every role against every record type, every asker against every route. Default no."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from chain.errors import TongguanError
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.members import MemberKind, MemberState, Role
from chain.records import RECORD_TYPES
from chain.sdjwt import issue
from gateway.access.tokens import TOKEN_TYP
from gateway.runtime.refusals import GatewayRefusal
from tests.fakes.memory_ledger import CONSORTIUM
from tests.gateway.memory_consortium import CARRIER, GATEWAY, PUBLIC_URL, PaperGateway, Town
from tests.gateway.test_http import assertion
from tests.record_numbers import jti_of

SPEAKER = "91110000MA009001X0"
GOVERNORS_WORD = "audit.finding"
OFFICERS_WORD = "audit.disposition"
EVERYBODYS_WORD = "audit.erasure"
OFFICERS = Role.CUSTOMS | Role.TAX
SAID_BY: dict[Role, set[str]] = {
    Role.BROKER: {"customs.declaration", "customs.request", "trade.parties", "trade.mandate", "trade.explanation"}
    | {"trade.certificate"},
    Role.TRADER: {"customs.declaration", "customs.request", "trade.order", "trade.payment", "trade.parties"}
    | {"tax.invoice", "trade.mandate", "trade.explanation", "trade.certificate"},
    Role.CUSTOMS: {"customs.status", "tax.assessment", "tax.payment", "trade.certificate"},
    Role.CARRIER: {"logistics.transport_document", "logistics.event", "logistics.weight"},
    Role.TERMINAL: {"logistics.transport_document", "logistics.event", "logistics.weight"},
    Role.BANK: {"trade.payment", "tax.payment"},
    Role.TAX: {"tax.rebate"},
    Role.REGULATOR: set(),
    Role.AUDITOR: set(),
    Role.GATEWAY: {"audit.access", "trade.parties"},
}
"""As the members agreed, written down a second time; erasures are everybody's, findings are every governor's and no
participant's, and dispositions are for governors of customs and tax."""

OPEN = {
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /problems/{slug}",
    "GET /v1/trust-root",
    "GET /v1/notes/checkpoint",  # what outsiders cosigned: a number of checkpoints and a hash
    "GET /v1/notes/checkpoint.tsr",
    "GET /v1/schemas",  # what any record may hold, nothing of any one
    "GET /v1/schemas/{record_type}",
    "POST /v1/token",  # proves its asker by a signature of its own
    "GET /v1/log-in",  # which ways to log in there are, and a challenge
    "POST /v1/log-in",  # proves its asker by a passkey
    "POST /v1/log-in/link",  # by a secret of 256 bits, once, where the console is at localhost
    "POST /v1/log-in/provider/start",  # where a member's own provider is, for a browser that goes there
    "POST /v1/log-in/provider",  # proves its asker by that provider's word
    "POST /v1/enrolment/options",  # the same
    "POST /v1/enrolment",  # the same
}
"""Routes that ask for no token, each with its reason; every other one refuses whoever has none."""
LEDGER = [
    "/v1/ledger/batches",
    "/v1/ledger/checkpoints",
    "/v1/ledger/members",
    "/v1/ledger/keys",
    "/v1/records",
]


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def gateway(town: Town, tmp_path: Path, store_url: str) -> Iterator[PaperGateway]:
    """One at which people log in too."""
    gateway = PaperGateway(tmp_path, town.chain, town.clock, store_url, console_url="https://console.example")
    yield gateway
    gateway.store.close()


@pytest.fixture
def http(gateway: PaperGateway) -> TestClient:
    return TestClient(gateway.app(), base_url=PUBLIC_URL, raise_server_exceptions=False)


def verdict(gateway: PaperGateway, town: Town, key: SigningKey, kind: str) -> str:
    """The slug of what speaks against a record of this type whose content is empty; the role is looked at first."""
    said = issue(
        {"ucr": ["6CN91110000MA0090065W-000001"]},
        vct=kind,
        iss=SPEAKER,
        consortium=CONSORTIUM.hex(),
        iat=int(town.clock()),
        jti=jti_of(kind),
        key=key,
    )
    try:
        gateway.intake.accept(said.serialize().encode())
    except GatewayRefusal as refusal:
        return refusal.kind.slug
    except TongguanError as error:  # its content, which is looked at after the role
        return type(error).__name__
    return "accepted"


def test_the_agreed_table_names_every_role_and_every_type() -> None:
    assert set(SAID_BY) == set(Role)
    assert set().union(*SAID_BY.values()) | {GOVERNORS_WORD, OFFICERS_WORD, EVERYBODYS_WORD} == set(RECORD_TYPES)


@pytest.mark.parametrize("role", Role, ids=lambda role: str(role.name))
@pytest.mark.parametrize("kind", MemberKind, ids=lambda kind: str(kind.name))
def test_a_role_says_exactly_its_types(gateway: PaperGateway, town: Town, role: Role, kind: MemberKind) -> None:
    key = SigningKey.generate()
    town.chain.admit(SPEAKER, role, kind)
    town.chain.add_key(SPEAKER, key)
    gateway.registry.refresh()
    passed = {one for one in RECORD_TYPES if verdict(gateway, town, key, one) != "role"}
    words = {GOVERNORS_WORD} | ({OFFICERS_WORD} if role & OFFICERS else set())
    assert passed == SAID_BY[role] | {EVERYBODYS_WORD} | (words if kind is MemberKind.GOVERNOR else set())


def test_a_member_without_a_role_says_nothing(gateway: PaperGateway, town: Town) -> None:
    key = SigningKey.generate()
    town.chain.admit(SPEAKER, Role(0))
    town.chain.add_key(SPEAKER, key)
    gateway.registry.refresh()
    assert {verdict(gateway, town, key, one) for one in RECORD_TYPES} == {"role"}


@pytest.mark.parametrize("role", Role, ids=lambda role: str(role.name))
def test_a_member_of_any_role_reads_the_ledger_and_its_own_records(
    gateway: PaperGateway, http: TestClient, town: Town, role: Role
) -> None:
    key = SigningKey.generate()
    town.chain.admit(SPEAKER, role)
    town.chain.add_key(SPEAKER, key)
    gateway.registry.refresh()
    headers = bearer(http, town, key, SPEAKER)
    assert {path: http.get(path, headers=headers).status_code for path in LEDGER} == dict.fromkeys(LEDGER, 200)


def bearer(http: TestClient, town: Town, key: SigningKey, member: str = CARRIER) -> dict[str, str]:
    form = assertion(town, key, iss=member, sub=member, jti=f"{member}{next(_numbers)}")
    return {"Authorization": f"Bearer {http.post('/v1/token', data=form).json()['access_token']}"}


_numbers = itertools.count()


def operations(http: TestClient) -> Iterator[tuple[str, str, dict[str, str], Any]]:
    """Method, path with every parameter filled in, and the query and body that a route cannot do without."""
    for path, methods in http.get("/openapi.json").json()["paths"].items():
        for method, said in methods.items():
            if f"{method.upper()} {path}" in OPEN:
                continue
            query = {one["name"]: "1" for one in said.get("parameters", ()) if one["in"] == "query" and one["required"]}
            filled = path
            for one in said.get("parameters", ()):
                filled = filled.replace("{" + one["name"] + "}", "1")
            body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            yield method.upper(), filled, query, body


def own_token(gateway: PaperGateway, town: Town, key: SigningKey, **changed: Any) -> dict[str, str]:
    """A token as the gateway writes one, but signed with `key`, or with other claims."""
    claims = {
        "iss": GATEWAY,
        "aud": GATEWAY,
        "sub": CARRIER,
        "client_kid": town.carrier.public.kid,
        "iat": int(town.clock()),
        "exp": int(town.clock()) + 60,
        "jti": "one",
    }
    token = sign_compact({"typ": changed.pop("typ", TOKEN_TYP)}, claims | changed, key)
    return {"Authorization": f"Bearer {token}"}


Asker = Callable[[PaperGateway, Town], dict[str, str]]
STRANGERS: dict[str, Asker] = {
    "nobody": lambda gateway, town: {},
    "a word that is no token": lambda gateway, town: {"Authorization": "Bearer x"},
    "another scheme": lambda gateway, town: {"Authorization": "Basic eDp5"},
    "an empty bearer": lambda gateway, town: {"Authorization": "Bearer "},
    "a member's own signature": lambda gateway, town: own_token(gateway, town, town.carrier),
    "a lapsed token": lambda gateway, town: own_token(gateway, town, gateway.signer, exp=int(town.clock())),
    "a token that never lapses": lambda gateway, town: own_token(gateway, town, gateway.signer, exp="never"),
    "another gateway's token": lambda gateway, town: own_token(gateway, town, gateway.signer, iss=CARRIER),
    "a token of another kind": lambda gateway, town: own_token(gateway, town, gateway.signer, typ="JWT"),
    "another member's key": lambda gateway, town: own_token(gateway, town, gateway.signer, sub=GATEWAY),
    "an unknown key": lambda gateway, town: own_token(gateway, town, gateway.signer, client_kid="x" * 43),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_every_route_that_is_not_open_refuses_a_stranger(
    gateway: PaperGateway, http: TestClient, town: Town, name: str
) -> None:
    gateway.registry.refresh()
    headers = STRANGERS[name](gateway, town)
    asked = list(operations(http))
    let_in = [
        f"{method} {path}"
        for method, path, query, body in asked
        if http.request(method, path, params=query, json=body, headers=headers).status_code not in (401, 403)
    ]
    assert let_in == []
    assert len(asked) > 15


ENDINGS: dict[str, Callable[[Town], None]] = {
    "its key is revoked": lambda town: town.chain.revoke(town.carrier),
    "it is suspended": lambda town: town.chain.set_member(CARRIER, MemberState.SUSPENDED, Role.CARRIER),
    "it is expelled": lambda town: town.chain.set_member(CARRIER, MemberState.EXPELLED, Role.CARRIER),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_token_ends_on_every_route_with_the_block_in_which(
    gateway: PaperGateway, http: TestClient, town: Town, ending: str
) -> None:
    gateway.registry.refresh()
    headers = bearer(http, town, town.carrier)
    assert http.get("/v1/records", headers=headers).status_code == 200
    ENDINGS[ending](town)
    gateway.registry.refresh()
    statuses = {
        http.request(method, path, params=query, json=body, headers=headers).status_code
        for method, path, query, body in operations(http)
    }
    assert statuses <= {401, 403}
    assert http.post("/v1/token", data=assertion(town, town.carrier, jti="again")).status_code == 403


def test_an_assertion_is_for_one_key_and_one_number(http: TestClient, gateway: PaperGateway, town: Town) -> None:
    """The same `jti` under two keys is two assertions; under one key it counts once, also with another `exp`."""
    gateway.registry.refresh()
    second = SigningKey.generate()
    town.chain.add_key(CARRIER, second)
    gateway.registry.refresh()
    now = int(town.clock())
    assert http.post("/v1/token", data=assertion(town, town.carrier)).status_code == 200
    assert http.post("/v1/token", data=assertion(town, second)).status_code == 200
    again = http.post("/v1/token", data=assertion(town, town.carrier, exp=now + 30))
    assert again.json()["type"] == "/problems/assertion-replayed"


def test_a_used_assertion_stays_used_as_long_as_it_would_be_let_in(
    http: TestClient, gateway: PaperGateway, town: Town
) -> None:
    gateway.registry.refresh()
    form = assertion(town, town.carrier)
    assert http.post("/v1/token", data=form).status_code == 200
    for _ in range(20):
        town.clock.now += 30
        gateway.registry.refresh()
        assert http.post("/v1/token", data=form).status_code != 200
        http.post("/v1/token", data=assertion(town, town.carrier, jti=f"other{town.clock.now}"))
