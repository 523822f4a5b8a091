"""A consortium's folder: where `tongguan init` puts things and every other command finds them.

```
DIR/trust-root.json          auditor edition, holds the tag keys
DIR/genesis.json             the embedded node's genesis, or
DIR/network.json             {"rpc": URL} of the network that it was founded on
DIR/passphrase               opens the key files (0600)
DIR/validators/*.json        validators' keys (Web3 keystore v3)
DIR/node/                    the embedded node's database
DIR/members/SLUG/            member.json signing.pem jti-secret account.json [attester.json] [gateway.json]
DIR/gateway/                 settings.json tag-keys.json data-keys.json store.sqlite index/
DIR/attester/                the attesters' own index
DIR/single-window/           the stand-in's store
DIR/adapters/SLUG/           journal.sqlite
DIR/bundles/  DIR/logs/
DIR/view-policy.json  DIR/record-rules.json   the files whose hashes are on the chain
```

Key files are encrypted with the passphrase, which is 256 random bits: its key derivation can be short. A member that
runs its own machine takes its own folder under `members/` and a passphrase of its own: from the file that
`TONGGUAN_PASSPHRASE_FILE` names, from `DIR/passphrase`, or, where there is neither, asked for at the terminal.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chain.errors import NotFound, TongguanError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from chain.keys import SigningKey
    from chain.proof.vrf import VrfSecretKey

KEYSTORE_SCRYPT_N = 1 << 12
"""Work factor of key files that a random 256-bit passphrase opens: guessing it is hopeless at any factor."""
KEYSTORE_SCRYPT_N_CHOSEN = 1 << 18
"""The same for a passphrase that somebody chose, which can be guessed at."""
RANDOM_PASSPHRASE_CHARACTERS = 43
CHOSEN_PASSPHRASE_CHARACTERS_MIN = 20
"""PKCS#8 files are derived by 2,048 rounds only, so a shorter passphrase would not hold."""
JTI_SECRET_NAME = "jti-secret"  # noqa: S105 - a file's name
PASSPHRASE_FILE_VARIABLE = "TONGGUAN_PASSPHRASE_FILE"  # noqa: S105 - a name


class BrokenFolder(TongguanError):
    """The folder is not one that `tongguan init` made, or a file of it is missing."""


@dataclass(frozen=True)
class MemberProfile:
    """A member as its `member.json` says it."""

    uscc: str
    name: str
    slug: str
    kind: str
    roles: tuple[str, ...]
    customs_code: str
    sponsor: str | None = None


@dataclass(frozen=True)
class ConsortiumFolder:
    """Paths and key files of one consortium's folder."""

    path: Path

    @property
    def trust_root(self) -> Path:
        """What an auditor believes beforehand; public."""
        return self.path / "trust-root.json"

    @property
    def genesis(self) -> Path:
        """The embedded node's genesis; absent where the consortium runs on a network of its own."""
        return self.path / "genesis.json"

    @property
    def passphrase_file(self) -> Path:
        """The file that opens all key files of this folder."""
        return self.path / "passphrase"

    @property
    def gateway(self) -> Path:
        """The gateway's folder."""
        return self.path / "gateway"

    def rpc(self) -> str:
        """The network that the consortium was founded on; empty where it runs on an embedded node."""
        file = self.path / "network.json"
        return str(json.loads(file.read_bytes())["rpc"]) if file.exists() else ""

    def is_founded(self) -> bool:
        """Whether `tongguan init` has finished here (the trust root is written last)."""
        return self.trust_root.exists()

    def require_founded(self) -> None:
        """Raises BrokenFolder, with the fix, where this is no founded consortium."""
        if not self.is_founded():
            raise BrokenFolder(
                f"{self.path} holds no consortium (no trust-root.json). Make one: tongguan init {self.path}; or to act "
                "in one that others founded, lay its trust root there"
            )

    def passphrase(self) -> bytes:
        """The passphrase of the key files: from its file, or asked for at the terminal; BrokenFolder where neither."""
        named = os.environ.get(PASSPHRASE_FILE_VARIABLE)
        file = Path(named) if named else self.passphrase_file
        try:
            return file.read_bytes().strip()
        except FileNotFoundError as error:
            if named or not sys.stdin.isatty():
                raise BrokenFolder(
                    f"{file} is missing: the key files cannot be opened without it. Name another file by "
                    f"{PASSPHRASE_FILE_VARIABLE}, or run this at a terminal to be asked"
                ) from error
        return _asked_passphrase(self.path)

    def make_passphrase(self) -> bytes:
        """Writes a new random passphrase, readable by its owner only; keeps one that opens key files already."""
        has_keys = any((self.path / "members").glob("*/account.json"))
        if not (os.environ.get(PASSPHRASE_FILE_VARIABLE) or self.passphrase_file.exists() or has_keys):
            write_private(self.passphrase_file, secrets.token_urlsafe(32).encode() + b"\n")
        return self.passphrase()

    def members(self) -> list[MemberProfile]:
        """Every member whose folder is here, in order of slug."""
        return [self._profile(file) for file in sorted((self.path / "members").glob("*/member.json"))]

    def member(self, slug: str) -> MemberProfile:
        """The member of that slug, USCC or (where only one has it) role in lower case; raises NotFound."""
        members = self.members()
        for found in members:
            if slug in (found.slug, found.uscc):
                return found
        by_role = [found for found in members if slug.upper() in found.roles]
        if len(by_role) == 1:
            return by_role[0]
        raise NotFound("member", slug)

    def member_folder(self, slug: str) -> Path:
        """Where the member's own files are."""
        return self.path / "members" / slug

    def save_member(self, member: MemberProfile) -> None:
        """Writes `member.json`."""
        folder = self.member_folder(member.slug)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "member.json", asdict(member))

    def signing_key(self, slug: str) -> SigningKey:
        """The member's record-signing key (PKCS#8, encrypted)."""
        from chain.keys import SigningKey

        return SigningKey.load((self.member_folder(slug) / "signing.pem").read_bytes(), self.passphrase())

    def make_signing_key(self, slug: str) -> SigningKey:
        """A new record-signing key for the member, saved encrypted."""
        from chain.keys import SigningKey

        key = SigningKey.generate()
        self.save_signing_key(slug, "signing.pem", key)
        self.make_jti_secret(slug)
        return key

    def save_signing_key(self, slug: str, name: str, key: SigningKey) -> None:
        """Writes a record-signing key into the member's folder under this name, encrypted."""
        write_private(self.member_folder(slug) / name, key.to_pem(_strong(self.passphrase())))

    def jti_secret(self, slug: str) -> bytes:
        """The secret under which the member numbers its records; raises BrokenFolder where it is missing or broken.

        It stays the same when keys are rotated, else a record submitted again would get a second number.
        """
        from chain.claims import JTI_SECRET_BYTES
        from chain.encoding import parse_base64url

        file = self.member_folder(slug) / JTI_SECRET_NAME
        try:
            secret = parse_base64url(file.read_text("ascii").strip())
        except FileNotFoundError as error:
            raise BrokenFolder(
                f"{file} is missing. Copy it from the member's other machine, or: tongguan key new"
            ) from (error)
        except ValueError as error:
            raise BrokenFolder(f"{file} is no base64url text") from error
        if len(secret) != JTI_SECRET_BYTES:
            raise BrokenFolder(f"{file} holds {len(secret)} bytes and not {JTI_SECRET_BYTES}")
        return secret

    def make_jti_secret(self, slug: str) -> None:
        """Writes a new random secret for the member's record numbers, unless it has one."""
        from chain.claims import JTI_SECRET_BYTES
        from chain.encoding import base64url

        file = self.member_folder(slug) / JTI_SECRET_NAME
        if not file.exists():
            write_private(file, base64url(secrets.token_bytes(JTI_SECRET_BYTES)).encode() + b"\n")

    def account(self, slug: str, purpose: str = "account") -> LocalAccount:
        """The member's Ethereum account for a purpose: `account` (controller), `attester` or `gateway`."""
        return load_account(self.member_folder(slug) / f"{purpose}.json", self.passphrase())

    def make_account(self, slug: str, purpose: str = "account") -> LocalAccount:
        """A new Ethereum account for the member, saved as an encrypted keystore."""
        return make_account(self.member_folder(slug) / f"{purpose}.json", self.passphrase())

    def _profile(self, file: Path) -> MemberProfile:
        said: dict[str, Any] = json.loads(file.read_bytes())
        return MemberProfile(**{**said, "roles": tuple(said["roles"])})


def load_account(file: Path, passphrase: bytes) -> LocalAccount:
    """The Ethereum account in a Web3 keystore v3 file; raises BrokenFolder where it is missing or does not open."""
    from eth_account import Account

    from chain.ledger.hardware_account import load_named_account

    try:
        content = file.read_text()
        if (named := load_named_account(content)) is not None:
            return named
        key = Account.decrypt(content, passphrase.decode())
    except FileNotFoundError as error:
        raise BrokenFolder(f"{file} is missing") from error
    except ValueError as error:
        raise BrokenFolder(f"{file} does not open with this passphrase") from error
    account: LocalAccount = Account.from_key(key)
    return account


def make_account(file: Path, passphrase: bytes) -> LocalAccount:
    """A new random Ethereum account, saved as an encrypted Web3 keystore v3 file."""
    from eth_account import Account

    account: LocalAccount = Account.create()
    is_random = len(_strong(passphrase)) >= RANDOM_PASSPHRASE_CHARACTERS
    factor = KEYSTORE_SCRYPT_N if is_random else KEYSTORE_SCRYPT_N_CHOSEN
    keystore = Account.encrypt(account.key, passphrase.decode(), kdf="scrypt", iterations=factor)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_private(file, json.dumps(keystore).encode())
    return account


@cache
def _asked_passphrase(path: Path) -> bytes:
    """Asked once a process, though one command may open several key files."""
    return getpass.getpass(f"Passphrase of the key files in {path}: ").encode()


def _strong(passphrase: bytes) -> bytes:
    """The passphrase; raises BrokenFolder where key files that it encrypts could be opened by guessing it."""
    if len(passphrase) < CHOSEN_PASSPHRASE_CHARACTERS_MIN:
        raise BrokenFolder(
            f"a passphrase that encrypts new key files has {CHOSEN_PASSPHRASE_CHARACTERS_MIN} characters or more"
        )
    return passphrase


def tag_key_file(epochs: Sequence[tuple[int, VrfSecretKey]]) -> bytes:
    """The gateway's file of tag keys: the first batch of each and its secret part."""
    from chain.encoding import base64url

    keys = [{"from_batch": from_batch, "secret": base64url(secret.seed)} for from_batch, secret in epochs]
    return json.dumps({"tag_keys": keys}, indent=2).encode() + b"\n"


def write_json(file: Path, value: object) -> None:
    """Writes JSON that a person can read, whole or not at all."""
    _write_whole(file, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode(), 0o644)


def write_open(file: Path, content: bytes) -> None:
    """Writes a file that anybody may read, whole or not at all."""
    _write_whole(file, content, 0o644)


def write_private(file: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    _write_whole(file, content, 0o600)


def _write_whole(file: Path, content: bytes, mode: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
