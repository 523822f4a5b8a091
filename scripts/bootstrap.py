"""Founding a consortium: keys, genesis, contracts, members and the trust root, into one folder.

Order, and what a crash leaves: the passphrase and key files first (kept when run again), then the chain's transactions,
then `trust-root.json` last of all; a folder without it was not founded, and is founded anew on a fresh chain.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chain.members import Role
from scripts.consortium_folder import (
    ConsortiumFolder,
    MemberProfile,
    load_account,
    write_json,
    write_open,
)
from scripts.foundation.ceremony import Draft, draft_plan, run_plan
from scripts.foundation.check import connect_to_plan, examine, require_as_planned
from scripts.foundation.embedded_chain import genesis_time, make_embedded_chain, open_embedded_chain
from scripts.foundation.minutes import format_minutes
from scripts.foundation.organisation import CardDetails, keep_founding, make_card, make_member, own_accounts
from scripts.foundation.plan import PlanFolder
from scripts.foundation.registration import register_own

if TYPE_CHECKING:
    from chain.verify.trust_root import TrustRoot

WEBHOOK_TRIAL_PORT = 8720
GATEWAY_SLUG = "gateway"
"""The one member of the example that runs a gateway."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Seat:
    """A member to be: what `member.json` will say, before its number is known."""

    slug: str
    name: str
    roles: tuple[str, ...]
    sponsor: str | None = None
    division: str = "110000"
    customs_district: str = "0100"

    @property
    def is_governor(self) -> bool:
        """A governor has no sponsor."""
        return self.sponsor is None


EXAMPLE_SEATS: tuple[Seat, ...] = (
    Seat("customs", "京津冀示范海关", ("CUSTOMS", "REGULATOR")),
    Seat("eport", "京津冀示范电子口岸", ("BROKER", "TRADER", "CARRIER", "TERMINAL", "GATEWAY"), division="120000"),
    Seat("tax", "示范税务局", ("BANK", "TAX", "AUDITOR")),
    Seat("gateway", "示范数据服务中心", ("GATEWAY",), sponsor="eport"),
    Seat("broker", "示范报关行", ("BROKER",), sponsor="eport"),
    Seat("trader", "示范跨境电商", ("TRADER",), sponsor="eport"),
    Seat("carrier", "示范航空物流", ("CARRIER",), sponsor="eport"),
    Seat("terminal", "示范货运站", ("TERMINAL",), sponsor="eport", division="120000", customs_district="0200"),
    Seat("bank", "示范银行", ("BANK",), sponsor="tax"),
    Seat("regulator", "示范自贸区管委会", ("REGULATOR",), sponsor="customs"),
    Seat("auditor", "示范会计师事务所", ("AUDITOR",), sponsor="tax"),
)
"""The members of an example consortium: three governors and eight participants, all invented.

A sponsor admits within its own roles only, so a governor holds the roles that it hands out.
"""

_GB32100_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_GB32100_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def example_uscc(division: str, number: int) -> str:
    """An invented unified social credit code (GB 32100) with right check digits, told apart by `number`.

    Registration authority 9, kind 1 (enterprise), the division code, an organisation number MA plus six digits and its
    GB 11714 check digit, and the GB 32100 check digit.
    """
    body = f"91{division}{_organisation_number(f'MA{number:06d}')}"
    total = sum(_GB32100_ALPHABET.index(c) * w for c, w in zip(body, _GB32100_WEIGHTS, strict=True))
    return body + _GB32100_ALPHABET[(31 - total % 31) % 31]


def profiles(seats: tuple[Seat, ...] = EXAMPLE_SEATS) -> list[MemberProfile]:
    """The members with invented numbers: the USCC by place in the list, the customs code by district and place."""
    usccs = {seat.slug: example_uscc(seat.division, 9000 + place) for place, seat in enumerate(seats)}
    return [
        MemberProfile(
            uscc=usccs[seat.slug],
            name=seat.name,
            slug=seat.slug,
            kind="governor" if seat.is_governor else "participant",
            roles=seat.roles,
            customs_code=f"{seat.customs_district}9{place:05d}",
            sponsor=usccs[seat.sponsor] if seat.sponsor else None,
        )
        for place, seat in enumerate(seats)
    ]


def _organisation_number(body: str) -> str:
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c, 36) * w for c, w in zip(body, weights, strict=True))
    check = 11 - total % 11
    return body + ("X" if check == 10 else "0" if check == 11 else str(check))


def found(
    folder: ConsortiumFolder, *, rpc: str = "", funder: Path | None = None, unsealed: bool = False, say: Say = print
) -> TrustRoot:
    """Founds an example consortium in `folder` and returns its trust root: the ceremony, with every part in one hand.

    On an embedded node that is made in the folder, or on the network behind `rpc`, whose fees (if any) the account in
    the key file `funder` pays. A network that cannot give proofs is refused (NoProofs) before anything is sent to it,
    or with `unsealed` taken, and the trust root then names no validators: no bundle of it is ever believed.
    Raises LedgerFault, or the contract's error where a transaction is refused.
    """
    if rpc and not unsealed:
        qualify_network(rpc)
    folder.make_passphrase()
    members = profiles()
    for member in members:
        make_member(folder, member, runs_gateway=member.slug == GATEWAY_SLUG)
    say(f"{len(members)} members with their keys; governors: {', '.join(m.slug for m in members if not m.sponsor)}")
    # All keys lie in one folder: every card says so, and the trust root will.
    cards = [make_card(folder, member.slug, CardDetails(holder=members[0].uscc)) for member in members]
    plan_folder = PlanFolder(folder.path / "founding")
    shutil.rmtree(plan_folder.path, ignore_errors=True)
    with _endpoint(folder, rpc) as endpoint:
        deployer = load_account(funder, funder_passphrase()) if funder else folder.make_account("", "deployer")
        plan = draft_plan(plan_folder, cards, endpoint, Draft(sponsors=_sponsors(members)))
        for governor in plan.governors:
            plan_folder.approve(plan, governor.card.slug, folder.signing_key(governor.card.slug))
        founded = run_plan(plan_folder, plan, endpoint, deployer, say)
        ledger = connect_to_plan(endpoint, plan, founded, unsealed=unsealed)
        register_own(ledger, plan, own_accounts(folder))
        say(f"members, keys and accounts are on the chain (block {ledger.block_number()})")
        examination = examine(ledger, plan)
    require_as_planned(examination)
    approved = sorted(plan_folder.approvers(plan))
    write_open(plan_folder.minutes, format_minutes(plan, founded, examination, approved).encode())
    keep_founding(folder, plan_folder, plan, examination.trust_root, rpc)
    _allow_webhooks_here(folder)
    return examination.trust_root


def _allow_webhooks_here(folder: ConsortiumFolder) -> None:
    """Lets the example's gateway post to one port of loopback, so that webhooks can be tried without a public host.

    One port, not the host: any member may register an address, and nothing else on this machine is theirs to call.
    """
    file = folder.gateway / "settings.json"
    settings = json.loads(file.read_bytes())
    write_json(file, settings | {"webhook_hosts": [f"127.0.0.1:{WEBHOOK_TRIAL_PORT}"]})


def _sponsors(members: list[MemberProfile]) -> dict[str, str]:
    slugs = {member.uscc: member.slug for member in members}
    return {member.slug: slugs[member.sponsor] for member in members if member.sponsor}


@contextmanager
def _endpoint(folder: ConsortiumFolder, rpc: str) -> Iterator[Any]:
    """A URL, or the provider of an embedded node that was made anew in the folder and is closed afterwards."""
    if rpc:
        write_json(folder.path / "network.json", {"rpc": rpc})
        yield rpc
        return
    make_embedded_chain(folder)
    began = genesis_time(folder)
    with open_embedded_chain(folder, clock=lambda: began) as provider:
        yield provider


def qualify_network(rpc: str) -> None:
    """Raises NoProofs, with what to do, where the network behind `rpc` cannot give what proofs need."""
    from chain.ledger import qualify
    from chain.ledger.faults import NoProofs

    try:
        qualify(rpc)
    except NoProofs as fault:
        fix = "Choose a QBFT network, or run without proofs, every bundle UNTRUSTED_CHAIN: --unsealed"
        raise NoProofs(fault.what, f"{fault.reason}. {fix}") from fault


def roles_of(member: MemberProfile) -> Role:
    """The member's roles as the registry's bits."""
    roles = Role(0)
    for name in member.roles:
        roles |= Role[name]
    return roles


def funder_passphrase() -> bytes:
    """The funder's passphrase: TONGGUAN_FUNDER_PASSPHRASE, the file TONGGUAN_FUNDER_PASSPHRASE_FILE, or asked for."""
    import getpass

    if file := os.environ.get("TONGGUAN_FUNDER_PASSPHRASE_FILE"):
        return Path(file).read_bytes().strip()
    said = os.environ.get("TONGGUAN_FUNDER_PASSPHRASE")
    return (getpass.getpass("Passphrase of the funder's key file: ") if said is None else said).encode()
