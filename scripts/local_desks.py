"""Running risk desks on this machine: each with its own governor's key and journal alone."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

from adapters.risk_desk.desk import RiskDesk
from adapters.risk_desk.journal import DeskJournal
from chain.members import PolicyName
from chain.rule_tables import tables_for
from gateway.client import GatewayClient
from scripts.consortium_folder import ConsortiumFolder, MemberProfile
from scripts.ledger_connection import connect_patiently, trust_root_of
from scripts.local_adapters import gateway_of


def desk_of(
    folder: ConsortiumFolder, member: MemberProfile, gateway_url: str, rpc: str, tables: Path | None = None
) -> RiskDesk:
    """A governor's desk: it reads the agreed rule pack from the chain itself. Raises LedgerFault, StoreFault."""
    root = trust_root_of(folder)
    ledger = connect_patiently(root, rpc)

    def agreed_pack() -> bytes | None:
        versions = ledger.policy_versions(PolicyName.RULE_PACK)
        return versions[-1].value if versions else None

    return RiskDesk(
        member.uscc,
        folder.signing_key(member.slug),
        root.consortium.hex(),
        jti_secret=folder.jti_secret(member.slug),
        gateway=gateway_of(folder, member, gateway_url),
        journal=DeskJournal(folder.path / "risk-desks" / member.slug / "journal.sqlite", folder.passphrase()),
        tables=tables_for(tables),
        agreed_pack=agreed_pack,
        clock=time.time,
    )


def batch_before(gateway: GatewayClient, block: int) -> int:
    """The index of the last batch before a block; -1 where there is none."""
    index = -1
    for batch in gateway.batches():
        if int(batch["block"]) >= block:
            break
        index = int(batch["index"])
    return index


def watch_signals(stop: threading.Event) -> None:
    """Sets the event when the process is interrupted or ended."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
