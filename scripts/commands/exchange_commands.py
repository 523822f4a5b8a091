"""What members type: read a native message, run an adapter, submit a record, look at a view."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chain.errors import Malformed, MalformedBundle, MalformedMessage, NotFound
from scripts.consortium_folder import ConsortiumFolder

if TYPE_CHECKING:
    from adapters.runner.adapter_runner import AdapterRunner
    from adapters.runner.journal import JournalMessage
    from gateway.client import GatewayClient
    from scripts.local_adapters import RunningAdapters

DEFAULT_GATEWAY_URL = "http://127.0.0.1:8700"
RECORD_ID_CHARS = 43
IDS_MAY_BEGIN_WITH_A_DASH = {"ignore_unknown_options": True}
"""For commands that take a base64url id, one in 64 of which begins with `-`: they have no short options."""
DEFAULT_SINGLE_WINDOW_URL = "http://127.0.0.1:8710"

Directory = Annotated[Path, typer.Argument(help="the consortium's folder", metavar="DIR")]
GatewayUrl = Annotated[str, typer.Option("--gateway", help="the gateway's URL")]
SingleWindowUrl = Annotated[str, typer.Option("--single-window", help="the single window's URL")]
Reader = Annotated[str, typer.Option("--member", help="who asks: a member whose key is in the folder")]


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(read)
    app.command()(schema)
    app.command()(preview)
    app.command()(adapter)
    app.command()(submit)
    app.command()(view)
    app.command(context_settings=IDS_MAY_BEGIN_WITH_A_DASH)(bundle)
    app.command("lane-proof", context_settings=IDS_MAY_BEGIN_WITH_A_DASH)(lane_proof)
    app.command()(refresh)


def read(
    files: Annotated[list[Path], typer.Argument(help="native messages of any kind that is read", metavar="FILE…")],
    sent: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="day of sending, for days without a year (else the file's own)"),
    ] = None,
) -> None:
    """Print the records that native messages would become, one an entity, as JSON. Sends nothing.

    Cargo-IMP writes days without their year: they take the one that is nearest to the day of sending.

    Exit 0 where every file was read, 1 where one is refused (each fault named on standard error), 2 where a file
    cannot be opened.
    """
    from adapters.message import MESSAGE_BYTES_MAX
    from adapters.preview import message_preview
    from adapters.registry import read_message

    code = 0
    for file in files:
        try:
            with file.open("rb") as opened:  # one byte more than is read, so that a longer file is refused, not held
                content = opened.read(MESSAGE_BYTES_MAX + 1)
                sent_on = (sent or datetime.fromtimestamp(os.fstat(opened.fileno()).st_mtime, UTC)).date()
        except OSError as error:
            print(f"{file}: {error.strerror}", file=sys.stderr)
            code = 2
            continue
        try:
            message = read_message(content, sent_on=sent_on)
        except MalformedMessage as error:
            for fault in error.faults:
                print(f"{file}: {_fault_line(fault)}", file=sys.stderr)
            code = max(code, 1)
            continue
        print(json.dumps(message_preview(str(file), message), ensure_ascii=False, indent=2))
    raise typer.Exit(code)


def preview(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port")] = 8720,
) -> None:
    """Serve the preview of native files for a gateway's console (setting `preview_url`) until interrupted.

    It believes whoever reaches it: keep it on loopback, or where the gateway alone reaches it.
    """
    import signal

    import uvicorn

    from adapters.preview_service import create_preview_app

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"previews of native files at http://{host}:{port}", flush=True)
    uvicorn.run(create_preview_app(), host=host, port=port, log_level="warning")


def schema(record_type: Annotated[str, typer.Argument(help="e.g. customs.declaration", metavar="TYPE")]) -> None:
    """Print the JSON Schema of a record type."""
    from chain.records import json_schema

    print(json.dumps(json_schema(record_type), ensure_ascii=False, indent=2))


def _fault_line(fault: Malformed) -> str:
    said = "" if fault.value is None else f" (got {fault.value})"
    fix = f". {fault.fix}" if fault.fix else ""
    return f"{fault.code} {fault.field}: {fault.rule}{said}{fix}"


def adapter(
    directory: Directory,
    member: Annotated[list[str] | None, typer.Option(help="whose adapter (slug); default: every member's")] = None,
    gateway_url: Annotated[
        list[str] | None, typer.Option("--gateway", help="a gateway's URL; repeat: where one fails, the next is asked")
    ] = None,
    single_window_url: SingleWindowUrl = DEFAULT_SINGLE_WINDOW_URL,
    source: Annotated[Path | None, typer.Option("--from", help="a folder of native files instead")] = None,
    assign_ucrs: Annotated[
        bool, typer.Option("--assign-ucrs", help="let the single window assign UCRs that no envelope gives")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="with --from: go on, and move files when settled")] = False,
) -> None:
    """Run members' adapters: native messages in, signed records to the gateway, each with that member's key alone.

    From a single window until interrupted; or --from a folder, once. Exit 0 where every message became records, 1
    where one was refused or parked (each named), 2 where the gateway or the source could not be used.
    """
    import logging

    from adapters.sources.single_window import SingleWindow
    from scripts import local_adapters
    from scripts.processes import StopSignal

    # What came of a folder is told message by message in the end; what goes on without end tells it as it happens.
    level = logging.WARNING if source is None or watch else logging.ERROR
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    folder = folder_option(directory)
    urls = gateway_url or [DEFAULT_GATEWAY_URL]
    members = [folder.member(slug) for slug in member] if member else local_adapters.speaking_members(folder)
    assign = SingleWindow(single_window_url, members[0].uscc).assign if assign_ucrs else None
    if source is None:
        sources = local_adapters.single_window_source(single_window_url)
        local_adapters.adapters_of(folder, members, urls, sources, assign).run_until_stopped(StopSignal())
        return
    if not source.is_dir():
        raise typer.BadParameter(f"{source} is no folder")
    if assign_ucrs:
        print("UCRs that no envelope gives are assigned by the single-window stand-in.")
    sources = local_adapters.folder_source(source, members, moves=watch)
    running = local_adapters.adapters_of(folder, members, urls, sources, assign)
    if watch:
        running.run_until_stopped(StopSignal())
        return
    raise typer.Exit(_settle(running))


def _settle(running: RunningAdapters) -> int:
    """Runs each adapter until its folder is done; says what came of every message."""
    code = 0
    for runner in running.runners:
        progress = runner.run_until_settled()
        for fault in progress.faults:
            print(f"could not go on: {fault}", file=sys.stderr)
            code = 2
        # Once: what an earlier run told stands in `tongguan parked`, and makes no later run fail.
        for message in map(runner.journal.get_message, runner.report.refused):
            name = runner.name_of(message.envelope)
            for reason in _reasons(message):
                print(f"{name}: refused {reason}", file=sys.stderr)
            code = code or 1
        for message, entity in runner.journal.parked():
            if (entity.place, entity.ordinal) not in runner.report.parked:
                continue
            place = f"{runner.name_of(message.envelope)} entity {entity.ordinal}"
            print(f"{place}: parked {entity.code} {entity.reason}", file=sys.stderr)
            code = code or 1
        _say_taken(runner)
        if progress.submitted:
            print(f"{runner.member}: {progress.submitted} records accepted from {progress.taken} messages")
    return code


def _say_taken(runner: AdapterRunner) -> None:
    """For each record that the gateway took in this run: file, type, UCRs, record id, and its receipt's digest."""
    from adapters.runner.submission import record_ucrs

    drafts = runner.journal.count("draft")
    if drafts:
        print(f"{runner.member}: {drafts} drafts are kept until a reply proves that they were lodged")
    wanted = runner.report.submitted
    for entity in runner.journal.submitted() if wanted else ():
        if (entity.place, entity.ordinal) not in wanted:
            continue
        name = runner.name_of(runner.journal.get_message(entity.place).envelope)
        ucrs = ",".join(record_ucrs(entity.record))
        digest = sha256(entity.receipt.encode()).hexdigest()[:16]
        print(f"{name}: {entity.type} UCR {ucrs} record {entity.record_id} receipt sha256:{digest}")


def _reasons(message: JournalMessage) -> list[str]:
    """Each fault of a refused message; what was refused for another reason has one."""
    from adapters.registry import read_message

    try:
        read_message(message.body, sent_on=message.envelope.sent_on)
    except MalformedMessage as error:
        return [_fault_line(fault) for fault in error.faults]
    return [f"{message.code} {message.reason}"]


def submit(
    directory: Directory,
    record: Annotated[Path, typer.Argument(help="an SD-JWT record", metavar="FILE")],
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """Submit one signed record (SD-JWT) and print its receipt."""
    from adapters.runner.submission import receipt_text
    from chain.sdjwt import SignedRecord
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    signed = SignedRecord.parse(record.read_bytes().strip())
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        receipt = gateway.submit(signed)
    print(receipt_text(receipt))
    for remark in receipt.remarks:
        typer.echo(f"remark: {remark}", err=True)


def view(
    directory: Directory,
    ucr: Annotated[str, typer.Argument(metavar="UCR")],
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show what a member may see of a consignment."""
    from rich.console import Console

    from scripts.local_adapters import gateway_of
    from scripts.view_text import show_records, show_view

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        said = gateway.consignment(ucr)
    if as_json:
        print(json.dumps(said, ensure_ascii=False, indent=2))
        return
    console = Console()
    show_records(console, said)
    show_view(console, said)


def bundle(
    directory: Directory,
    member: Reader,
    out: Annotated[Path, typer.Option("--out", help="where to write it")],
    subject: Annotated[str, typer.Argument(help="a UCR, a record id or a number", metavar="[UCR|RECORD|NUMBER]")] = "",
    finding: Annotated[str, typer.Option(help="record id of a finding: its consignment, about this one")] = "",
    single_use: Annotated[
        str, typer.Option(metavar="invoice", help="in how many consignments NUMBER, of this kind, was used")
    ] = "",
    maker: Annotated[str, typer.Option(metavar="USCC", help="whose number it is; default: the member's own")] = "",
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """Fetch the proof bundle of a consignment, record or finding, or of a number's uses, as far as a member may see."""
    from scripts.consortium_folder import write_private
    from scripts.local_adapters import gateway_of

    if bool(subject) is bool(finding):
        raise typer.BadParameter("name a UCR, a record id, or --finding RECORD")
    if maker and not single_use:
        raise typer.BadParameter("--maker goes with --single-use")
    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        if finding:
            content = _finding_bundle(gateway, finding)
        elif single_use:
            content = gateway.single_use_bundle(single_use, maker or folder.member(member).uscc, subject)
        else:
            is_record = len(subject) == RECORD_ID_CHARS
            content = gateway.record_bundle(subject) if is_record else gateway.consignment_bundle(subject)
    write_private(out, content)
    print(f"{out}: {len(content):,} bytes. Verify it: tongguan verify {out} --trust-root {folder.trust_root}")


def _finding_bundle(gateway: GatewayClient, finding: str) -> bytes:
    """The bundle in which a finding can be run again: that of its consignment, about the finding alone."""
    from chain.proof.bundle_reader import parse_bundle

    (ucr,) = gateway.record(finding)["sections"]["ucr"]
    bundle = parse_bundle(gateway.consignment_bundle(ucr))
    if finding not in bundle.record_by_id:
        raise NotFound("finding", f"{finding} in the bundle of {ucr}")
    return replace(bundle, subject_finding=finding).format()


def lane_proof(
    directory: Directory,
    record: Annotated[str, typer.Argument(help="id of a record of the member's own", metavar="RECORD")],
    member: Reader,
    out: Annotated[Path, typer.Option("--out", help="where to write it")],
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """Fetch the proof of which lanes a member's own record belongs in: `tongguan audit` holds receipts against it.

    A receipt that promises another lane is then broken, provably. Any gateway that holds the record gives it.
    """
    from scripts.consortium_folder import write_private
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        content = gateway.lane_proof(record)
    write_private(out, content)
    print(f"{out}: {len(content):,} bytes. Hold receipts against it: tongguan audit {directory} --lane-proof {out}")


def refresh(
    old: Annotated[Path, typer.Argument(help="proof bundle to prove anew", metavar="BUNDLE")],
    directory: Directory,
    member: Reader,
    out: Annotated[Path, typer.Option("--out", help="where to write it")],
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """Prove an old bundle under today's header and validators; its records show what they showed before.

    For bundles whose validators are no longer accepted. What was said of the consignment since is in it as well.
    """
    from chain.proof.bundle import BUNDLE_BYTES_MAX
    from chain.proof.bundle_reader import parse_bundle
    from chain.proof.redaction import as_shown_before
    from scripts.consortium_folder import write_private
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with old.open("rb") as file:
        before = parse_bundle(file.read(BUNDLE_BYTES_MAX + 1))
    if len(before.subject_records) > 1:
        raise MalformedBundle("subject.records", "has more than one record", fix="Fetch a bundle for each of them")
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        if before.subject_number is not None:
            content = gateway.single_use_bundle("invoice", *before.subject_number)
        elif before.subject_ucr is None:
            content = gateway.record_bundle(before.subject_records[0])
        else:
            content = gateway.consignment_bundle(before.subject_ucr)
    said = as_shown_before(parse_bundle(content), before).format()
    write_private(out, said)
    print(f"{out}: {len(said):,} bytes. Verify it: tongguan verify {out} --trust-root {folder.trust_root}")


def folder_option(path: Path) -> ConsortiumFolder:
    """The consortium's folder named on the command line; raises BrokenFolder where there is none."""
    folder = ConsortiumFolder(path)
    folder.require_founded()
    return folder
