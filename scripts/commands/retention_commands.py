"""What a member types to apply the members' retention policy to its own records."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands.exchange_commands import DEFAULT_GATEWAY_URL, Directory, GatewayUrl, Reader, folder_option
from scripts.commands.operate_commands import NODE_PORT

if TYPE_CHECKING:
    from gateway.access.retention import Period, RetentionPolicy
    from gateway.client import GatewayClient
    from gateway.client.models import OwnRecord

DEFAULT_RPC = f"http://127.0.0.1:{NODE_PORT}"


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(retention)


def retention(
    directory: Directory,
    member: Reader,
    policy: Annotated[Path, typer.Option("--policy", help="the retention policy file", metavar="FILE")],
    apply: Annotated[bool, typer.Option("--apply/--dry-run", help="erase what is due, or only list it")] = False,
    rpc: Annotated[str, typer.Option(help="the chain's JSON-RPC endpoint")] = DEFAULT_RPC,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """List, or erase, what the members' retention policy says of one's own records: dry run unless --apply.

    The file must be the one whose hash the members voted for. Exit 0 where nothing is due or all of it was erased, 1
    where something is due (dry run) or the file is not the agreed one.
    """
    from chain.members import PolicyName
    from gateway.access.retention import RetentionPolicy
    from scripts.commands.erasure_commands import signed_erasures
    from scripts.ledger_connection import connect, trust_root_of
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    profile, agreed = folder.member(member), RetentionPolicy.load(policy)
    versions = connect(trust_root_of(folder), rpc).policy_versions(PolicyName.RETENTION)
    if not versions or versions[-1].value != agreed.digest:
        print(f"{policy} has the hash {agreed.digest.hex()}, which the members did not agree on · 该文件未经成员议定")
        print(f"Have the governors agree: tongguan proposal propose policy retention {policy}")
        raise typer.Exit(1)
    with gateway_of(folder, profile, gateway_url) as gateway:
        plans = due_plans(gateway, agreed, time.time())
        for plan in plans:
            for line in plan["records"]:
                print(f"{line['type']} {line['record']}: {', '.join(line['sections'])}  ({plan['reason']})")
            if apply:
                named = plan | {"policy": agreed.digest.hex()}
                for signed in signed_erasures(folder, profile, named, plan["reason"]):
                    gateway.submit(signed)
    count = sum(len(plan["records"]) for plan in plans)
    print(f"{count} records are due; {'erased once anchored' if apply else 'nothing was erased'}")
    if plans and not apply:
        raise typer.Exit(1)


def due_plans(gateway: GatewayClient, policy: RetentionPolicy, now_s: float) -> list[dict[str, Any]]:
    """A plan for each own record of which sections are due, with the purpose that ended as its reason."""
    plans = []
    newest: dict[str, int] = {}
    for record in gateway.records():
        if record.batch is None:
            continue
        for period in policy.periods_of(record.type):
            if not _is_due(gateway, record, period, now_s, newest):
                continue
            plan = gateway.erasure_plan(record.record_id, sorted(period.sections))
            if plan["records"]:
                plans.append(plan | {"reason": f"kept {period.days} days: {period.purpose} · {period.purpose_zh}"})
    return plans


def _is_due(gateway: GatewayClient, record: OwnRecord, period: Period, now_s: float, newest: dict[str, int]) -> bool:
    from gateway.access.retention import RetentionEvent

    # It was accepted no later than anchored: what is not over by this is over by nothing.
    if not period.is_over(record.accepted_at, now_s):
        return False
    answer = gateway.record(record.record_id)
    event = int(answer["anchored_at"] or record.accepted_at)
    if period.after is RetentionEvent.LAST_RECORD:
        for ucr in answer["sections"].get("ucr", ()):
            if ucr not in newest:
                newest[ucr] = _newest_record(gateway, ucr)
            event = max(event, newest[ucr])
    return period.is_over(event, now_s)


def _newest_record(gateway: GatewayClient, ucr: str) -> int:
    times = [line["anchored_at"] for line in gateway.consignment(ucr)["records"] if line["type"] != "audit.erasure"]
    return max((int(time_s) for time_s in times if time_s is not None), default=0)
