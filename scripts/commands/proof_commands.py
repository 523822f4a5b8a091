"""What an auditor types: verify a bundle, withhold part of it, read and extend a trust root; all offline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chain.errors import MalformedTrustRoot

if TYPE_CHECKING:
    from chain.verify.trust_root import TrustRoot

BundleFile = Annotated[Path, typer.Argument(help="proof bundle", metavar="BUNDLE")]
TrustRootFile = Annotated[Path, typer.Argument(help="trust root", metavar="TRUST-ROOT")]
OutFile = Annotated[Path, typer.Option("--out", help="file to write", metavar="FILE")]
RECEIPT_BYTES_MAX = 64 << 10
trust_roots = typer.Typer(help="Read, extend or restrict a trust root.", no_args_is_help=True)
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command(context_settings=PASSED_ON)(verify)
    app.command()(verify_receipt)
    app.command()(redact)
    app.command()(verify_page)
    app.command()(exit_kit)
    trust_roots.command("show")(show_trust_root)
    trust_roots.command("extend")(extend_trust_root)
    trust_roots.command("distrust")(distrust_range)
    app.add_typer(trust_roots, name="trust-root")


def verify(context: typer.Context) -> None:
    """Verify a proof bundle offline: BUNDLE --trust-root FILE [--as-of BLOCK] [--json] [--lang zh|en].

    The same program as `python -m chain.verify`, with the same options; `--help` lists them. Exit 0 only where the
    verdict is VALID, 1 where it is any other, 2 where it could not be told.
    """
    from chain.verify.__main__ import main

    sys.exit(main(context.args))


def verify_page(out: OutFile) -> None:
    """Write the page that verifies in a browser as one file: it works from disk and asks no network."""
    from chain.verify.page import format_page

    out.write_text(format_page(), encoding="utf-8")
    print(f"{out}: open it in a browser and drop a bundle and a trust root on it")


def verify_receipt(
    receipt: Annotated[Path, typer.Argument(help="a gateway's receipt, as it was given out", metavar="RECEIPT")],
    bundle: Annotated[Path, typer.Option("--bundle", help="proof bundle that holds the receipt", metavar="BUNDLE")],
    trust_root: Annotated[Path, typer.Option("--trust-root", help="what you believe beforehand", metavar="FILE")],
    lang: Annotated[str, typer.Option("--lang", help="zh or en")] = "en",
) -> None:
    """Tell offline whether a gateway kept a receipt, broke it (provably), or is excused.

    Exit 0 where it was kept or is excused, 1 where it was broken, 2 where the bundle cannot tell: it does not hold the
    receipt, or too little, or is not to be relied on.
    """
    from chain.proof.bundle import BUNDLE_BYTES_MAX
    from chain.verify import Fate, verify_file
    from chain.verify.report import MEANING, clean, speak

    text = _read(receipt, RECEIPT_BYTES_MAX).decode("utf-8", "replace").strip()
    report = verify_file(_read(bundle, BUNDLE_BYTES_MAX), read_trust_root(trust_root))
    found = next((one for one in report.receipts if one.receipt == text), None)
    if report.verdict.is_refuted:
        print(f"{bundle}: {report.verdict.name} — {speak(MEANING[report.verdict], lang)}", file=sys.stderr)
        sys.exit(2)
    if found is None:
        print(f"{bundle}: this very receipt is not in it, or could not be judged", file=sys.stderr)
        sys.exit(2)
    print(f"{str(found.fate).upper()}: {clean(speak(found.why, lang))}")
    sys.exit({Fate.KEPT: 0, Fate.EXCUSED: 0, Fate.BROKEN: 1, Fate.FORGED: 1}.get(found.fate, 2))


def redact(
    bundle: BundleFile,
    out: OutFile,
    keep: Annotated[list[str], typer.Option("--keep", help="section to go on showing, e.g. status; repeatable")],
) -> None:
    """Withhold every section of a bundle's records but those kept; what is withheld keeps its name."""
    from chain.proof.bundle import BUNDLE_BYTES_MAX
    from chain.proof.bundle_reader import parse_bundle
    from chain.proof.redaction import redact as redacted

    said = redacted(parse_bundle(_read(bundle, BUNDLE_BYTES_MAX)), keep).format()
    _write(out, said)
    print(f"{out}: {len(said):,} bytes, showing ucr, {', '.join(sorted(keep))}")


def exit_kit(
    directory: Annotated[Path, typer.Argument(help="the consortium's or the organisation's folder", metavar="DIR")],
    out: Annotated[Path, typer.Option("--out", help="a new folder for the kit", metavar="KIT")],
    member: Annotated[str, typer.Option("--member", help="who leaves: a member whose key is in the folder")],
    gateway_url: Annotated[str, typer.Option("--gateway", help="the gateway's URL")] = "http://127.0.0.1:8700",
) -> None:
    """Write all that a member may see as files, with proofs and a verifier that needs no server.

    Exit 0 where the kit is whole, 1 where the gateway lacks something or gave no proof of a consignment: kit.json says
    what. Every read is logged by the gateway.
    """
    from datetime import UTC, datetime

    from rich.console import Console

    from scripts.consortium_folder import ConsortiumFolder
    from scripts.exit_kit.collection import KitCollector
    from scripts.local_adapters import gateway_of

    folder = ConsortiumFolder(directory)
    folder.require_founded()
    profile = folder.member(member)
    console = Console(stderr=True)
    with console.status("asking the gateway") as status, gateway_of(folder, profile, gateway_url) as gateway:

        def show(what: str, done: int, total: int) -> None:
            status.update(f"{what}: {done:,}{f' of {total:,}' if total else ''}")

        collector = KitCollector(gateway, profile, folder.trust_root.read_bytes(), out, show)
        kit = collector.collect(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    print(f"{out}: {kit.consignments:,} consignments, {kit.records:,} records, {kit.receipts:,} receipts")
    for ucr, why in kit.without_bundle.items():
        print(f"  no proof of {ucr}: {why}")
    if kit.lack:
        print(f"  the gateway is not whole, ask another too: {kit.lack}")
    print(f"Verify it anywhere, without network: python {out / 'verify.py'}")
    sys.exit(1 if kit.without_bundle or kit.lack else 0)


def show_trust_root(trust_root: TrustRootFile) -> None:
    """Print a trust root's fingerprint, to be compared with one told by another way."""
    print_trust_root(trust_root, read_trust_root(trust_root))


def extend_trust_root(
    trust_root: TrustRootFile,
    out: OutFile,
    last_block: Annotated[int, typer.Option(help="last block that the present validators sealed")],
    validator: Annotated[list[str], typer.Option(help="address of a validator from then on (0x-hex); repeatable")],
) -> None:
    """Name the validators after a change; the result is believed by its own new fingerprint."""
    addresses = [_address(text) for text in validator]
    _save(out, read_trust_root(trust_root).extended(last_block, addresses))


def distrust_range(
    trust_root: TrustRootFile,
    out: OutFile,
    from_block: Annotated[int, typer.Option(help="first block of the closed range whose keys may have leaked")],
) -> None:
    """Accept a closed range of validators no longer; bundles sealed by them must then be refreshed."""
    _save(out, read_trust_root(trust_root).without_trust_in(from_block))


def _read(path: Path, bytes_max: int) -> bytes:
    """The file, or one byte more than the limit, so that its parser refuses it; exits 2 where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(bytes_max + 1)
    except OSError as error:
        print(f"tongguan: {path}: {error.strerror}", file=sys.stderr)
        sys.exit(2)


def read_trust_root(path: Path) -> TrustRoot:
    """The trust root in a file; raises MalformedTrustRoot, exits 2 where it cannot be read."""
    from chain.verify.trust_root import TRUST_ROOT_BYTES_MAX, TrustRoot

    return TrustRoot.parse(_read(path, TRUST_ROOT_BYTES_MAX))


def _save(path: Path, trust_root: TrustRoot) -> None:
    _write(path, trust_root.format())
    print_trust_root(path, trust_root)


def print_trust_root(path: Path, trust_root: TrustRoot) -> None:
    """Says its fingerprint."""
    print(f"{path}:")
    print(f"fingerprint  {trust_root.fingerprint.hex()}")
    print(f"compare      {trust_root.short_fingerprint}")


def _address(text: str) -> bytes:
    try:
        address = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        address = b""
    if len(address) != 20:
        raise MalformedTrustRoot("validator", "is an address of 40 hex digits", value=text)
    return address


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        print(f"tongguan: {path}: {error.strerror}", file=sys.stderr)
        sys.exit(2)
