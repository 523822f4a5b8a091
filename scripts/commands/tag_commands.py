"""What whoever runs a gateway types about tag keys: begin a new epoch, and take in one that the governors agreed on.

A new epoch begins at a batch that is still ahead, so that every gateway has its secret by then. The secret is written
beside the gateway's key file first, then its public key is proposed to the governors; when they agree, it stands in the
registry, where every verifier reads it, and each gateway takes the file in. Killed in between, the secret stands beside
the key file, and proposing or taking it again finishes the rotation.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from chain.errors import Malformed, Refused
from chain.proof.vrf import SUITE, VrfSecretKey
from scripts.commands.registry import DEFAULT_DIR, DEFAULT_RPC, As, Directory, Rpc, connected, send
from scripts.consortium_folder import BrokenFolder, ConsortiumFolder, tag_key_file, write_private

LEAD_BATCHES = 2_000
"""How far ahead a new epoch begins unless told: at two batches a second a quarter of an hour, most often hours."""

Epoch = tuple[int, VrfSecretKey]
"""The first batch of a tag key, and its secret part."""

tags_app = typer.Typer(help="Tag keys: begin a new epoch, take in one that was agreed on.", no_args_is_help=True)


class NotAhead(Refused):
    """An epoch would begin at a batch that stands already: what was complete until now would not be any more."""


class ForeignKeyFile(Malformed):
    """Not the secrets of the tag keys that the governors agreed on."""


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(tags_app, name="tag-keys")


@tags_app.command("rotate")
def rotate(
    by: As,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    from_batch: Annotated[
        int | None, typer.Option(help=f"first batch of the new epoch (default: {LEAD_BATCHES:,} ahead)", min=1)
    ] = None,
) -> None:
    """Begin a new epoch of tag keys at a batch that is still ahead: a new key, proposed to the governors.

    Once they agree, this and every other gateway takes the file of secrets in with `take` and starts again before that
    batch. Auditors need nothing: a bundle proves under its own header which tag keys there are.
    """
    from chain.ledger import calls

    folder, ledger = connected(directory, rpc)
    count = ledger.batch_count()
    first = count + LEAD_BATCHES if from_batch is None else from_batch
    if first <= count:
        raise NotAhead(f"batch {first} is not ahead: {count} batches stand on the chain", field="from_batch")
    secret = VrfSecretKey(secrets.token_bytes(32))
    file = _key_file(folder)
    beside = file.with_name(f"{file.name}.new")
    write_private(beside, tag_key_file([*_epochs(file), (first, secret)]))
    proposed = calls.propose(calls.setting_tag_key(secret.public.raw, SUITE, first))
    receipt = send(folder, ledger, by, False, proposed)
    if receipt is None:
        return
    proposal = ledger.proposal_of(receipt)
    if ledger.proposal(proposal).executed_block is None:
        print(f"proposal {proposal} waits for the other governors: tongguan proposal approve {proposal}")
    print(
        f"{count} batches stand on the chain. Once the governors agree, and before batch {first}, here and at every "
        f"other gateway: tongguan tag-keys take {beside} (secret), and start the gateway again."
    )


@tags_app.command("take")
def take(
    key_file: Annotated[Path, typer.Argument(help="the file of secrets that `rotate` wrote", metavar="TAG-KEYS")],
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
) -> None:
    """Take in new epochs of tag keys: the file's must be those of the registry, and begin with the gateway's own."""
    folder, ledger = connected(directory, rpc)
    epochs = _epochs(key_file)
    known = _epochs(_key_file(folder))
    if [*epochs[: len(known)]] != known:
        raise ForeignKeyFile("tag keys", "begin with those that the gateway files by now")
    agreed = [(key.first_batch, key.public_key) for key in ledger.tag_key_versions()]
    if [(first, secret.public.raw) for first, secret in epochs] != agreed:
        raise ForeignKeyFile(
            "tag keys",
            "are those of the registry, all of them",
            fix="Wait until the governors have agreed, or take the file of the gateway that proposed",
        )
    _save(folder, epochs, key_file)


def _epochs(key_file: Path) -> list[Epoch]:
    """The first batch and the secret of each tag key in a file."""
    from gateway.membership.tag_keys import TagKeys

    return [(epoch.from_batch, epoch.secret) for epoch in TagKeys.load(key_file).epochs]


def _save(folder: ConsortiumFolder, epochs: Sequence[Epoch], taken: Path) -> None:
    """Writes the gateway's key file, and removes the one beside it that it was taken from."""
    file = _key_file(folder)
    write_private(file, tag_key_file(epochs))
    if taken == file.with_name(f"{file.name}.new"):
        taken.unlink()
    print(f"{file}: {len(epochs)} epochs. Start the gateway again before batch {epochs[-1][0]}.")


def _key_file(folder: ConsortiumFolder) -> Path:
    """Where the gateway of this folder reads its tag keys; raises BrokenFolder where there is none."""
    from gateway.settings import GatewaySettings

    settings = folder.gateway / "settings.json"
    if not settings.exists():
        raise BrokenFolder(f"{settings} is missing: no gateway runs from this folder")
    return GatewaySettings.load(settings).tag_keys_file
