"""What `tongguan doctor` looks at, one check a function: facts come in as arguments, an answer for people goes out.

Checks change nothing, and none prints a secret: of key files the mode, the name and the public part are told.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.error_words import translate
from chain.members import KeyState, KeyVersion, TagKeyVersion, find_in_force
from chain.verify.trust_root import TrustRoot

CLOCK_AHEAD_MAX_S = 5
"""The chain's newest block may be dated so much after our clock: less than what a time server leaves."""
NETWORK_SILENT_MAX_S = 60
"""A network of its own seals empty blocks too; the embedded node seals only what waits, and may rest for days."""
DISK_FREE_MIN_BYTES = 1 << 30
"""Below it a day of records may not fit, and databases stop in the middle of a write."""
ENDS_SOON_BLOCKS = 100_000
"""Validators that are replaced within so many blocks: a day at one block a second."""
PYTHON_VERSIONS = ((3, 11), (3, 13))
"""Oldest and newest minor version that the project is tested on."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO
KEY_FILES = ("passphrase", "validators/*.json", "members/*/*.pem", "members/*/jti-secret", "members/*/account.json")
KEY_FILES_OF_PARTS = ("members/*/attester.json", "members/*/gateway.json", "gateway/*keys.json")
"""Globs, relative to the consortium's folder, of what only its owner may read."""


@dataclass(frozen=True)
class Diagnosis:
    """One line of `tongguan doctor`: what was looked at, what was seen, and what to do where it is not well."""

    subject: str
    text: str
    fix: str = ""
    """Empty where all is well."""

    @property
    def is_well(self) -> bool:
        """Whether nothing is to be done."""
        return not self.fix

    def format(self, *, in_chinese: bool = False) -> str:
        """One line for people."""
        if in_chinese:
            fix = f"。处理：{translate(self.fix) or self.fix}" if self.fix else ""
            return f"{'正常' if self.is_well else '异常'}  {self.subject:<12} {translate(self.text) or self.text}{fix}"
        mark = "ok   " if self.is_well else "FAULT"
        return f"{mark}  {self.subject:<12} {self.text}" + (f". To do: {self.fix}" if self.fix else "")


def check_clock(head_s: int, now_s: float, *, seals_always: bool) -> Diagnosis:
    """Our clock against the time of the chain's newest block, both in Unix seconds."""
    ahead_s = head_s - now_s
    if ahead_s > CLOCK_AHEAD_MAX_S:
        return Diagnosis(
            "clock",
            f"the newest block is dated {ahead_s:.0f} s after this machine's clock",
            "set this machine's clock by a time server (timedatectl set-ntp true)",
        )
    if seals_always and -ahead_s > NETWORK_SILENT_MAX_S:
        return Diagnosis(
            "clock",
            f"the newest block is {-ahead_s:.0f} s old, and the network seals blocks always",
            "compare this clock with a time server's; where it is right, ask the validators why no block is sealed",
        )
    return Diagnosis("clock", f"the newest block is {max(0.0, -ahead_s):.0f} s old")


def check_disk(path: Path, free_bytes: int) -> Diagnosis:
    """Whether there is room where the folder lies."""
    free = f"{free_bytes / (1 << 30):.1f} GiB are free at {path}"
    if free_bytes < DISK_FREE_MIN_BYTES:
        return Diagnosis("disk", free, f"make room: at least {DISK_FREE_MIN_BYTES >> 30} GiB must be free")
    return Diagnosis("disk", free)


def check_port(part: str, port: int, *, is_taken: bool, answers: bool) -> Diagnosis:
    """Whether a part's loopback port is its own."""
    if is_taken and not answers:
        return Diagnosis(
            f"port {port}",
            f"is taken, and no {part} answers there",
            f"see who has it (ss -ltnp), or give {part} --port",
        )
    return Diagnosis(f"port {port}", f"{part} answers" if answers else f"free for {part}")


def check_permissions(folder: Path) -> Iterator[Diagnosis]:
    """Each file of secrets that others than its owner may read or write; one line where there is none."""
    files = sorted(file for pattern in (*KEY_FILES, *KEY_FILES_OF_PARTS) for file in folder.glob(pattern))
    open_files = [file for file in files if file.stat().st_mode & OTHERS]
    for file in open_files:
        mode = stat.S_IMODE(file.stat().st_mode)
        yield Diagnosis("permissions", f"{file} has mode {mode:04o}: others may use it", f"chmod 600 {file}")
    if not open_files:
        yield Diagnosis("permissions", f"{len(files)} key files are their owner's alone")


def check_gateway(url: str, parts: Mapping[str, str] | None) -> Iterator[Diagnosis]:
    """What the gateway says of itself: the reason of each part that does not work; None where it did not answer."""
    if parts is None:
        yield Diagnosis(
            "gateway", f"nothing answers at {url}", "start it (tongguan gateway DIR), or give --gateway URL"
        )
        return
    for part, reason in parts.items():
        yield Diagnosis(
            "gateway", f"{part} does not work: {reason}", "see the part under Health in gateway/README.md and its log"
        )
    if not parts:
        yield Diagnosis("gateway", f"takes and anchors records at {url}")


def check_versions(python: tuple[int, int], own: str, gateway: str | None) -> Iterator[Diagnosis]:
    """Python's version, and this program's against the running gateway's (None where it did not answer)."""
    oldest, newest = PYTHON_VERSIONS
    text = f"Python {python[0]}.{python[1]}"
    if not oldest <= python <= newest:
        wanted = f"{oldest[0]}.{oldest[1]} to {newest[0]}.{newest[1]}"
        yield Diagnosis("versions", f"{text} is not one of {wanted}", f"install one of {wanted}")
    elif gateway is not None and gateway != own:
        yield Diagnosis(
            "versions", f"tongguan {own} here, {gateway} at the gateway", "upgrade the older one of the two"
        )
    else:
        yield Diagnosis("versions", f"tongguan {own}, {text}")


def check_key(slug: str, kid: str, versions: Sequence[KeyVersion], block: int) -> Diagnosis:
    """Whether a member's signing key counts for a block, and whether anybody asks that it should not."""
    subject, version = f"key {slug}", find_in_force(versions, block)
    if version is None:
        return Diagnosis(subject, f"{kid} is not registered", f"tongguan key add --member {slug} --as {slug}")
    newest = versions[-1]
    if newest.compromised_since is not None and not newest.contested:
        return Diagnosis(subject, f"{kid} was declared compromised", f"tongguan key new --member {slug} --as {slug}")
    if newest.contested:
        return Diagnosis(
            subject,
            f"{kid} is contested: its member asks to declare it compromised",
            "let the governors decide within 30 days (tongguan proposal propose compromise-key or reject-compromise); "
            f"sign with another until then (tongguan key new --member {slug} --as {slug})",
        )
    if newest.state is not KeyState.ACTIVE:
        state = newest.state.name.lower()
        return Diagnosis(subject, f"{kid} is {state}", f"tongguan key new --member {slug} --as {slug}")
    return Diagnosis(subject, f"{kid} counts")


def check_tag_keys(
    agreed: Sequence[TagKeyVersion], in_file: Sequence[tuple[int, bytes]], batch_count: int
) -> Diagnosis:
    """Whether the gateway's file holds the secret of every epoch of the registry; `in_file` has the first batch and
    public key of each."""
    for epoch, version in enumerate(agreed):
        if epoch < len(in_file) and in_file[epoch] == (version.first_batch, version.public_key):
            continue
        ahead = version.first_batch - batch_count
        when = f"begins in {ahead:,} batches" if ahead > 0 else "has begun"
        return Diagnosis(
            "tag keys",
            f"epoch {epoch} {when}, and its secret is not in the gateway's file",
            "tongguan tag-keys take FILE, with the file of the gateway that proposed it; then start the gateway again",
        )
    return Diagnosis("tag keys", f"the secrets of all {len(agreed)} epochs are in the gateway's file")


def check_validators(root: TrustRoot, block: int) -> Diagnosis:
    """Whether the trust root names who seals blocks now and soon."""
    if root.is_unsealed:
        return Diagnosis("validators", "none: every bundle is UNTRUSTED_CHAIN", "found it on a network with validators")
    now, soon = root.find_validators(block), root.find_validators(block + ENDS_SOON_BLOCKS)
    if now is None or not now.accepted:
        return Diagnosis("validators", f"block {block} has no accepted ones", "lay the newest trust root there")
    if soon is None:
        return Diagnosis(
            "validators", f"end with block {now.to_block}", "take the trust root that follows (docs/spec/trust-root.md)"
        )
    return Diagnosis("validators", f"{len(now.addresses)} seal block {block}")


def exit_code(lines: Iterable[Diagnosis]) -> int:
    """0 where nothing is to be done, 1 where something is."""
    return int(any(not line.is_well for line in lines))
