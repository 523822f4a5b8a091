"""What whoever runs a gateway types, and whoever wants to know whether it kept its word."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands.exchange_commands import DEFAULT_GATEWAY_URL, GatewayUrl
from scripts.commands.operate_commands import NODE_PORT, Directory
from scripts.consortium_folder import ConsortiumFolder

if TYPE_CHECKING:
    from gateway.settings import GatewaySettings
    from gateway.store.vault import Vault
    from scripts.receipt_audit import AuditReport, KeptReceipt

FAULTS_SHOWN = 20

Settings = Annotated[Path | None, typer.Option(help="settings file of the gateway; else the one in DIR")]


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(audit)
    app.command()(backup)
    app.command()(restore)
    app.command()(config)
    app.command("operator-log")(operator_log)


def audit(
    directory: Directory,
    rpc: Annotated[str, typer.Option(help="the chain's JSON-RPC endpoint")] = "",
    receipts: Annotated[
        list[Path] | None, typer.Option(help="file of further receipts, one JWS a line (its record after a blank)")
    ] = None,
    lane_proofs: Annotated[
        list[Path] | None,
        typer.Option("--lane-proof", help="what `tongguan lane-proof` wrote"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the whole report as JSON")] = False,
) -> None:
    """Prove from the chain alone whether every receipt that members kept was kept, and nothing anchored twice.

    Reads the adapters' journals in DIR and the files named; asks no gateway. Exit 0 where every promise was kept (or is
    excused), 1 where one was broken, forged or contradicts another, or an entry was anchored twice by one gateway, 2
    where that cannot be told: a promise is still open, no receipt was found, the chain cannot be reached or believed.
    """
    folder = ConsortiumFolder(directory)
    folder.require_founded()
    report = _audited(folder, rpc, receipts or [], lane_proofs or [])
    if as_json:
        print(json.dumps(report.format(), ensure_ascii=False, indent=2))
    else:
        _say(report, {member.uscc: member.name for member in folder.members()})
    if report.has_faults:
        sys.exit(1)
    if not report.can_tell:
        sys.exit(2)


def backup(
    directory: Directory,
    out: Annotated[Path, typer.Option("--out", "-o", help="new file to write", metavar="FILE")],
    keys: Annotated[
        Path | None, typer.Option("--keys", help="file with the payloads' own keys; replaced", metavar="FILE")
    ] = None,
    settings: Settings = None,
) -> None:
    """Copy the gateway's whole store (SQLite or PostgreSQL) into one file, while the gateway runs on.

    The copy is a SQLite file of the same schema, from one consistent snapshot. The data keys are not in it: keep
    `data-keys.json` apart from it, for without it the payloads do not open. Nor are the payloads' own keys, which go
    into one file beside it (`payload-keys.sqlite`) that each backup replaces: keep no older one of it, and what is
    erased opens in no copy any more.
    """
    from gateway.query.operator_log import OperatorLog
    from gateway.store.backup import back_up, back_up_keys
    from gateway.store.operator_log import OperatorAction
    from gateway.store.store import Store

    chosen = _settings(directory, settings)
    store = Store.open(chosen.store_url, _vault(chosen))
    try:
        count = back_up(store, out)
        key_file = keys or out.with_name("payload-keys.sqlite")
        back_up_keys(store, key_file)
        detail = {"file": out.name, "records": count}
        OperatorLog(store, chosen, time.time).note(OperatorAction.BACKUP, detail)
    except OSError as error:
        print(f"tongguan: {error}", file=sys.stderr)
        sys.exit(2)
    finally:
        store.close()
    print(f"{out}: {count:,} records, {out.stat().st_size:,} bytes")
    print(f"{key_file}: the payloads' own keys, replaced; keep no older one of it")
    print(f"Keep apart from it: {chosen.data_keys_file}")


def restore(
    directory: Directory,
    file: Annotated[Path, typer.Argument(help="a copy that `tongguan backup` made", metavar="FILE")],
    keys: Annotated[
        Path | None, typer.Option("--keys", help="the newest copy of the payloads' own keys", metavar="FILE")
    ] = None,
    settings: Settings = None,
) -> None:
    """Fill the gateway's empty store with a copy. Stop the gateway first.

    What was anchored since the copy is read from the chain when the gateway starts. Records accepted after the copy are
    not in it: their issuers submit them again. Exit 1 where the store holds records already or FILE is no copy.
    """
    from gateway.query.operator_log import OperatorLog
    from gateway.store.backup import StoreNotEmpty
    from gateway.store.backup import restore as restored
    from gateway.store.operator_log import OperatorAction
    from gateway.store.store import Store

    chosen = _settings(directory, settings)
    try:
        beside = file.with_name("payload-keys.sqlite")
        key_file = keys or (beside if beside.exists() else None)
        count = restored(file, chosen.store_url, _vault(chosen), key_file)
        store = Store.open(chosen.store_url, _vault(chosen))
        OperatorLog(store, chosen, time.time).note(OperatorAction.RESTORE, {"file": file.name, "records": count})
        store.close()
    except StoreNotEmpty as error:
        print(f"tongguan: {error}", file=sys.stderr)
        sys.exit(1)
    print(f"{count:,} records restored from {file}. Start the gateway; then: tongguan audit {directory}")


def config(directory: Directory, settings: Settings = None) -> None:
    """Print the gateway's effective settings (file and environment) as JSON; passwords are left out."""
    print(json.dumps(_settings(directory, settings).effective(), ensure_ascii=False, indent=2))


def operator_log(
    directory: Directory,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
    after: Annotated[int, typer.Option(help="only what came after the line of this number")] = 0,
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
) -> None:
    """Show what was done with the gateway: starts, stops, changed settings, backups, restores, webhooks.

    Asks as the member that runs the gateway, whose key is in DIR. A start without a stop before it tells of a kill.
    """
    from scripts.local_adapters import gateway_of

    folder = ConsortiumFolder(directory)
    folder.require_founded()
    operator = _settings(directory, settings).member
    member = next(member for member in folder.members() if member.uscc == operator)
    with gateway_of(folder, member, gateway_url) as gateway:
        for line in gateway.operator_log(after):
            print(json.dumps(line, ensure_ascii=False) if as_json else operator_log_text(line))


def operator_log_text(line: dict[str, Any]) -> str:
    """A line of the operator log for people: when, what, and the detail that fits into a line."""
    at = datetime.fromtimestamp(line["at"], UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    detail = line["detail"]
    if line["action"] == "settings":
        told = "; ".join(f"{name}: {before} → {now}" for name, (before, now) in detail["changed"].items())
    elif line["action"] == "start":
        told = f"{len(detail['settings'])} settings"
    else:
        told = ", ".join(f"{name} {value}" for name, value in detail.items())
    return f"{line['number']:>6}  {at}  {line['action']:<16} {line['member']:<18} {told}".rstrip()


def _settings(directory: Path, file: Path | None) -> GatewaySettings:
    from gateway.settings import GatewaySettings

    if file is None:
        folder = ConsortiumFolder(directory)
        folder.require_founded()
        file = folder.gateway / "settings.json"
    return GatewaySettings.load(file)


def _vault(settings: GatewaySettings) -> Vault:
    from gateway.store.vault import DataKeys, Vault

    return Vault(DataKeys.load(settings.data_keys_file))


def _audited(folder: ConsortiumFolder, rpc: str, files: list[Path], lane_proofs: list[Path]) -> AuditReport:
    from chain.follower import Follower
    from chain.index_store import IndexStore
    from scripts.ledger_connection import connect, trust_root_of
    from scripts.receipt_audit import Audit, Registered, audited, proved_lanes, read_lane_proof

    root = trust_root_of(folder)
    ledger = connect(root, rpc or folder.rpc() or f"http://127.0.0.1:{NODE_PORT}")
    with TemporaryDirectory(prefix="audit-") as place:
        index = IndexStore.open(Path(place), root.consortium)
        try:
            Follower(ledger, index, root.consortium).catch_up()
            head = ledger.head()
            registered = Registered(ledger.members(), ledger.keys())
            lanes = proved_lanes(map(read_lane_proof, lane_proofs), ledger.voted_facts().tag_keys)
            audit_ = Audit(index, registered, root.consortium.hex(), head.timestamp, lanes)
            return audited(audit_, _kept(folder, files))
        finally:
            index.close()


def _kept(folder: ConsortiumFolder, files: list[Path]) -> Iterator[KeptReceipt]:
    from scripts.local_adapters import OTHER_RECEIPTS_NAME
    from scripts.receipt_audit import kept_in_file, kept_in_journal

    for journal in sorted((folder.path / "adapters").glob("*/journal.sqlite")):
        yield from kept_in_journal(journal, journal.parent.name, folder.passphrase())
    for file in (*sorted((folder.path / "adapters").glob(f"*/{OTHER_RECEIPTS_NAME}")), *files):
        try:
            yield from kept_in_file(file)
        except OSError as error:
            print(f"tongguan: {file}: {error.strerror}", file=sys.stderr)
            sys.exit(2)


def _say(report: AuditReport, names: dict[str, str]) -> None:
    from scripts.receipt_audit import ReceiptFate, time_text

    print(
        f"chain      {report.batches:,} batches, {report.entries:,} entries, "
        f"head block {report.head_block} of {time_text(report.head_time)}"
    )
    for number in report.void_batches:
        print(f"           batch {number} is void: its entries do not hash to its root, and none of them counts")
    if report.repeated:
        print(f"           {report.repeated:,} entries were anchored by a second gateway too, which changes nothing")
    counted = ", ".join(f"{report.outcomes[one]:,} {one.value}" for one in ReceiptFate if report.outcomes[one])
    print(f"receipts   {report.receipts:,}: {counted or 'none were found'}; {report.covered:,} under the checkpoint")
    print(f"anchored   {report.doubled:,} entries twice by the same gateway")
    for fault in report.faults[:FAULTS_SHOWN]:
        who = f"{names.get(fault.gateway, '')} {fault.gateway}".strip() or "unknown gateway"
        print(f"  {fault.kind.upper()}  {who}: {fault.record_id or 'entry'}: {fault.reason} (kept by {fault.holder})")
    if len(report.faults) > FAULTS_SHOWN:
        print(f"  … and {len(report.faults) - FAULTS_SHOWN:,} more: --json names them")
    if report.outcomes[ReceiptFate.OPEN] and not report.has_faults:
        print("open       no block is late enough to tell; ask again once the chain has gone on")
    verdict = "NOT KEPT" if report.has_faults else "KEPT" if report.can_tell else "CANNOT TELL"
    print(f"verdict    {verdict} (promises held against the chain at {time_text(int(time.time()))})")
