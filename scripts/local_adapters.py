"""Running adapters on this machine: one runner a member, each with that member's key and journal alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from adapters.registry import read_message
from adapters.runner.adapter_runner import AdapterRunner
from adapters.runner.journal import Journal
from adapters.runner.ucr_resolution import Assign
from adapters.sources.folder import Folder
from adapters.sources.single_window import SingleWindow, Source
from chain.errors import Malformed, MalformedMessage
from chain.members import Role
from chain.records import RECORD_RULES
from chain.recursion_limit import restore_recursion_limit
from gateway.client import FailoverClient, GatewayClient, Receipt
from scripts.bootstrap import roles_of
from scripts.consortium_folder import ConsortiumFolder, MemberProfile

OTHER_RECEIPTS_NAME = "other-receipts"
"""Receipts of further gateways for records that one gateway's receipt in the journal stands for; one a line."""
_PREFERRED: dict[str, Role] = {
    "customs.declaration": Role.BROKER,
    "customs.request": Role.BROKER,
    "trade.payment": Role.BANK,
    "tax.payment": Role.BANK,
    "logistics.transport_document": Role.CARRIER,
    "logistics.event": Role.CARRIER,
    "logistics.weight": Role.TERMINAL,
}
"""Where several roles may say a type and no envelope names the sender: whose words a loose file is taken for."""


@dataclass(frozen=True)
class RunningAdapters:
    """The runners of several members."""

    runners: tuple[AdapterRunner, ...]

    def run_until_stopped(self, stopped: Callable[[], bool], poll_s: float = 0.2) -> None:
        """Runs every member's adapter in a task of its own until `stopped` says so; raises what a runner raised."""
        restore_recursion_limit()
        stop = threading.Event()
        with ThreadPoolExecutor(max(1, len(self.runners)), thread_name_prefix="adapter") as pool:
            tasks = [pool.submit(runner.run_until_stopped, stop) for runner in self.runners]
            try:
                while not stopped() and not any(task.done() for task in tasks):
                    stop.wait(poll_s)
            finally:
                stop.set()
        for task in tasks:
            task.result()


def adapters_of(
    folder: ConsortiumFolder,
    members: Sequence[MemberProfile],
    gateway_urls: Sequence[str],
    source_of: Callable[[MemberProfile], Source],
    assign: Assign | None = None,
) -> RunningAdapters:
    """A runner for each member, over the source that `source_of` gives it, at the first of the gateways that works."""
    consortium = _consortium(folder)
    return RunningAdapters(
        tuple(
            AdapterRunner(
                member.uscc,
                folder.signing_key(member.slug),
                consortium,
                jti_secret=folder.jti_secret(member.slug),
                source=source_of(member),
                gateway=failover_of(folder, member, gateway_urls),
                journal=_journal(folder, member),
                assign=assign,
                may_say=_may_say(member),
            )
            for member in members
        )
    )


def gateway_of(folder: ConsortiumFolder, member: MemberProfile, url: str) -> GatewayClient:
    """The gateway's client with the member's own key."""
    return GatewayClient(url, signer=folder.signing_key(member.slug), member=member.uscc)


def failover_of(folder: ConsortiumFolder, member: MemberProfile, urls: Sequence[str]) -> FailoverClient:
    """The member's client of several gateways; second receipts for a record are kept beside the journal."""
    kept = folder.path / "adapters" / member.slug / OTHER_RECEIPTS_NAME

    def keep(receipt: Receipt) -> None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("a", encoding="ascii") as out:
            out.write(receipt.text + "\n")
            out.flush()
            os.fsync(out.fileno())

    return FailoverClient([gateway_of(folder, member, url) for url in urls], keep_receipt=keep)


def single_window_source(url: str) -> Callable[[MemberProfile], Source]:
    """Each member's messages at a single window."""
    return lambda member: SingleWindow(url, member.uscc)


def folder_source(path: Path, members: Sequence[MemberProfile], *, moves: bool) -> Callable[[MemberProfile], Source]:
    """Each member's files in one folder: those whose envelope names it, and loose ones that are its words to say."""

    def source(member: MemberProfile) -> Source:
        return Folder(path, member.uscc, moves=moves, accepts=lambda body: _is_for(body, member, members))

    return source


def _may_say(member: MemberProfile) -> Callable[[str], bool]:
    return lambda record_type: bool(RECORD_RULES[record_type] & roles_of(member))


def _is_for(body: bytes, member: MemberProfile, members: Sequence[MemberProfile]) -> bool:
    """Whether a loose file is this member's: its own words, or customs' reply to what it declares."""
    if speaker_of(body, members) == member.uscc:
        return True
    if not _may_say(member)("customs.declaration"):
        return False
    try:
        return read_message(body).kind in REPLIES
    except (MalformedMessage, Malformed):
        return False


REPLIES = frozenset({"DEC_RESULT", "DecImportResponse"})
"""Replies that prove what became of a draft: a declarant's adapter reads them too."""


def speaker_of(body: bytes, members: Sequence[MemberProfile]) -> str | None:
    """Which of these members would say this message; the first one where it cannot be read, so that it is refused."""
    try:
        message = read_message(body)
    except (MalformedMessage, Malformed):
        return members[0].uscc if members else None
    types = {entity.record.TYPE for entity in message.entities if entity.record is not None}
    preferred = {kind: _PREFERRED.get(kind, RECORD_RULES[kind]) for kind in types}
    allowed = {kind: RECORD_RULES[kind] for kind in types}
    for rules in (preferred, allowed):
        for member in members:
            if all(roles_of(member) & roles for roles in rules.values()):
                return member.uscc
    return None


def speaking_members(folder: ConsortiumFolder) -> list[MemberProfile]:
    """Every member that has words of its own in trade messages, those with fewest roles first."""
    speaking = Role(0)
    for roles in RECORD_RULES.values():
        speaking |= roles
    speaking &= ~(Role.GATEWAY | Role.REGULATOR | Role.AUDITOR)
    members = [member for member in folder.members() if roles_of(member) & speaking]
    return sorted(members, key=lambda member: (len(member.roles), member.slug))


def _journal(folder: ConsortiumFolder, member: MemberProfile) -> Journal:
    path = folder.path / "adapters" / member.slug
    return Journal(path / "journal.sqlite", folder.passphrase())


def _consortium(folder: ConsortiumFolder) -> str:
    from scripts.ledger_connection import trust_root_of

    return trust_root_of(folder).consortium.hex()
