"""What auditors type about outsiders: demand witnesses, stamp a bundle's note, compare what two readers were shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.notes_commands import notes_app
from scripts.commands.proof_commands import OutFile, TrustRootFile, print_trust_root, read_trust_root, trust_roots
from scripts.consortium_folder import write_open

if TYPE_CHECKING:
    from chain.proof.notes import NoteKey


def register(app: typer.Typer) -> None:
    """Adds this room's commands to the groups of trust roots and of notes."""
    trust_roots.command("witness")(demand_witnesses)
    notes_app.command("stamp")(stamp)
    notes_app.command("compare")(compare)


def demand_witnesses(
    trust_root: TrustRootFile,
    out: OutFile,
    origin: Annotated[list[str], typer.Option(help="a governor's log, by its verifier key; repeatable", metavar="KEY")],
    witness: Annotated[list[str], typer.Option(help="a witness, by its verifier key; repeatable", metavar="KEY")],
    quorum: Annotated[int, typer.Option(help="how many of the witnesses must have cosigned")],
    time_stamp_root: Annotated[
        list[Path] | None, typer.Option(help="certificate (PEM) that time-stamp authorities stand under; repeatable")
    ] = None,
) -> None:
    """Demand from now on that these witnesses cosigned; the result is believed by its own new fingerprint."""
    from chain.proof.notes import NoteKey
    from chain.proof.witness_policy import WitnessPolicy

    origins, keys = (sorted(map(NoteKey.parse, texts), key=_text) for texts in (origin, witness))
    roots = tuple(_certificate(file) for file in time_stamp_root or [])
    demanding = read_trust_root(trust_root).with_witnesses(WitnessPolicy(tuple(origins), tuple(keys), quorum, roots))
    write_open(out, demanding.format())
    print_trust_root(out, demanding)


def stamp(
    bundle: Annotated[Path, typer.Argument(help="proof bundle with a cosigned note", metavar="BUNDLE")],
    authority: Annotated[str, typer.Option(help="address of an RFC 3161 time-stamp authority", metavar="URL")],
    out: OutFile,
) -> None:
    """Have a time-stamp authority say that a bundle's cosigned note exists by now; it sees a hash, nothing else."""
    from dataclasses import replace

    from chain.errors import NotFound
    from chain.proof.bundle import BUNDLE_BYTES_MAX
    from chain.proof.bundle_reader import parse_bundle
    from chain.witness.stamps import StampClient

    parsed = parse_bundle(_read(bundle, BUNDLE_BYTES_MAX))
    shown = parsed.cosigned_note
    if shown is None:
        raise NotFound("cosigned note in", bundle)
    answer = StampClient(authority).stamp(shown.note.format().encode())
    stamped = replace(shown, stamps=(*shown.stamps, answer))
    # Parsed again: what the authority answered must not make a bundle that nobody can read.
    write_open(out, parse_bundle(replace(parsed, cosigned_note=stamped).format()).format())
    print(f"{out}: its note has {len(stamped.stamps)} time stamp(s)")


def compare(
    first: Annotated[Path, typer.Argument(help="a bundle, or a note, as one reader was shown it", metavar="A")],
    second: Annotated[Path, typer.Argument(help="another, as another reader was shown it", metavar="B")],
    trust_root: Annotated[Path, typer.Option("--trust-root", help="what you believe beforehand", metavar="FILE")],
    out: Annotated[Path | None, typer.Option("--out", help="where to write the proof", metavar="FILE")] = None,
    lang: Annotated[str, typer.Option("--lang", help="zh or en")] = "en",
) -> None:
    """Tell whether two readers were shown two histories, and write the proof of it that anybody can verify.

    Exit 0 where they are of one history as far as they overlap, 1 where two histories are proved, 2 where nothing can
    be told. `tongguan-verify A --compare B` is the same for who has the verifier alone.
    """
    from chain.verify.__main__ import main

    written = [] if out is None else ["--proof", str(out)]
    sys.exit(main([str(first), "--compare", str(second), "--trust-root", str(trust_root), "--lang", lang, *written]))


def _certificate(file: Path) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificate

    from chain.errors import MalformedTrustRoot

    try:
        return load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)
    except ValueError as error:
        raise MalformedTrustRoot("time-stamp root", "is an X.509 certificate in PEM", value=file) from error


def _read(file: Path, bytes_max: int) -> bytes:
    with file.open("rb") as source:
        return source.read(bytes_max + 1)


def _text(key: NoteKey) -> bytes:
    return key.text.encode()
