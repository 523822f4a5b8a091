"""What whoever runs a gateway types about tag keys: begin a new epoch, and take in one that another began.

A new epoch begins at a batch that is still ahead, so that every gateway and every auditor can know of it by then. The
new secret is written beside the gateway's key file first, then the trust root, then the key file: killed in between,
auditors look for lanes that are not there yet (which they are told are missing), and never miss any; `take` with the
new trust root and the file beside the keys then finishes it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chain.errors import Malformed, Refused
from chain.proof.vrf import VrfSecretKey
from scripts.commands.proof_commands import print_trust_root, read_trust_root
from scripts.commands.registry import DEFAULT_DIR, DEFAULT_RPC, Directory, Rpc, connected
from scripts.consortium_folder import BrokenFolder, ConsortiumFolder, tag_key_file, write_open, write_private

if TYPE_CHECKING:
    from chain.verify.trust_root import TrustRoot

LEAD_BATCHES = 2_000
"""How far ahead a new epoch begins unless told: at two batches a second a quarter of an hour, most often hours."""

Epoch = tuple[int, VrfSecretKey]
"""The first batch of a tag key, and its secret part."""

tags_app = typer.Typer(help="Tag keys: begin a new epoch, take in one that another began.", no_args_is_help=True)


class NotAhead(Refused):
    """An epoch would begin at a batch that stands already: what was complete until now would not be any more."""


class ForeignTrustRoot(Malformed):
    """Not an extension of the trust root in this folder, with new epochs of tag keys."""


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(tags_app, name="tag-keys")


@tags_app.command("rotate")
def rotate(
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    from_batch: Annotated[
        int | None, typer.Option(help=f"first batch of the new epoch (default: {LEAD_BATCHES:,} ahead)", min=1)
    ] = None,
) -> None:
    """Begin a new epoch of tag keys at a batch that is still ahead: a new key, and the trust root extended by it.

    Every other gateway takes in trust root and key file with `take` and starts again before that batch. The key file is
    secret. Auditors are told the new trust root's fingerprint by the way that they were told the old one's.
    """
    folder, ledger = connected(directory, rpc)
    count = ledger.batch_count()
    first = count + LEAD_BATCHES if from_batch is None else from_batch
    if first <= count:
        raise NotAhead(f"batch {first} is not ahead: {count} batches stand on the chain", field="from_batch")
    root = read_trust_root(folder.trust_root)
    secret = VrfSecretKey(secrets.token_bytes(32))
    epochs = [*_epochs(_key_file(folder)), (first, secret)]
    _save(folder, root, root.with_tag_key(first, secret.public), epochs)
    print(
        f"{count} batches stand on the chain; give the new trust root and {_key_file(folder)} (secret) to the other "
        f"gateways before batch {first}."
    )


@tags_app.command("take")
def take(
    trust_root: Annotated[Path, typer.Argument(help="the extended trust root", metavar="TRUST-ROOT")],
    key_file: Annotated[Path, typer.Argument(help="the other gateway's file of tag keys", metavar="TAG-KEYS")],
    fingerprint: Annotated[str, typer.Option(help="its fingerprint as it was told to you by another way")],
    directory: Directory = DEFAULT_DIR,
) -> None:
    """Take in new epochs of tag keys from a trust root that another gateway extended; asks no chain."""
    from chain.verify.__main__ import require_fingerprint

    folder = ConsortiumFolder(directory)
    folder.require_founded()
    own, new = read_trust_root(folder.trust_root), read_trust_root(trust_root)
    require_fingerprint(new, fingerprint)
    epochs = _epochs(key_file)
    _require_extension(folder, own, new, epochs)
    _save(folder, own, new, epochs)


def _epochs(key_file: Path) -> list[Epoch]:
    """The first batch and the secret of each tag key in a file."""
    from gateway.membership.tag_keys import TagKeys

    return [(epoch.from_batch, epoch.secret) for epoch in TagKeys.load(key_file).epochs]


def _require_extension(folder: ConsortiumFolder, own: TrustRoot, new: TrustRoot, epochs: Sequence[Epoch]) -> None:
    """Raises ForeignTrustRoot unless `new` is of this consortium and keeps every tag key that the gateway has.

    Raises it also where the secrets are not those of its tag keys.
    """
    if (own.consortium, own.chain_id, own.genesis_hash) != (new.consortium, new.chain_id, new.genesis_hash):
        raise ForeignTrustRoot("trust root", "is of the consortium whose folder this is", value=new.consortium.hex())
    known = _epochs(_key_file(folder))
    if [*epochs[: len(known)]] != known:
        raise ForeignTrustRoot("tag_keys", "begin with those that the gateway files by now")
    if [(key.from_batch, key.key) for key in new.tag_keys] != [(first, secret.public) for first, secret in epochs]:
        raise ForeignTrustRoot("tag_keys", "are those of the key file", fix="Take both from one gateway")


def _save(folder: ConsortiumFolder, own: TrustRoot, new: TrustRoot, epochs: Sequence[Epoch]) -> None:
    """Writes the secrets beside the gateway's keys, the new trust root, then the keys; the old trust root stays too."""
    file = _key_file(folder)
    beside = file.with_name(f"{file.name}.new")
    write_private(beside, tag_key_file(epochs))
    if new.fingerprint != own.fingerprint:
        write_open(folder.path / f"trust-root.{own.fingerprint.hex()[:16]}.json", own.format())
    write_open(folder.trust_root, new.format())
    write_private(file, tag_key_file(epochs))
    beside.unlink()
    print_trust_root(folder.trust_root, new)
    print(f"{file}: {len(epochs)} epochs. Start the gateway again before batch {epochs[-1][0]}.")


def _key_file(folder: ConsortiumFolder) -> Path:
    """Where the gateway of this folder reads its tag keys; raises BrokenFolder where there is none."""
    from gateway.settings import GatewaySettings

    settings = folder.gateway / "settings.json"
    if not settings.exists():
        raise BrokenFolder(f"{settings} is missing: no gateway runs from this folder")
    return GatewaySettings.load(settings).tag_keys_file
