"""Signed notes of C2SP: a text, and signatures of keys with names (signed-note v1.0.0, tlog-cosignature v1).

```
note            text, which ends in a newline ‖ an empty line ‖ signature lines
signature line  "— " key name " " base64(key ID (4 bytes) ‖ signature) newline
key ID          first 4 bytes of SHA-256(key name ‖ 0x0A ‖ type ‖ public key)
verifier key    key name "+" key ID in hex "+" base64(type ‖ public key)
type 0x01       an Ed25519 signature of the text: a log's own
type 0x04       time (8 bytes, Unix seconds) ‖ an Ed25519 signature of "cosignature/v1\\ntime T\\n" ‖ text: a witness's
```

No other type is read: of an unknown key a line may hold anything. Pure.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property

from chain.errors import Malformed
from chain.keys import KeyAlgorithm, MalformedKey, PublicKey, SigningKey
from chain.proof.hashes import sha256

NOTE_BYTES_MAX = 64 << 10
SIGNATURES_MAX = 64
"""Signature lines of one note; the specification asks for 16 at least."""
NAME_CHARS_MAX = 200
TIME_MAX = 2**63 - 1
"""Largest time of a cosignature, Unix seconds."""
KEY_ID_BYTES = 4
KEY_BYTES = 32
_TIME_BYTES = 8
_DASH = "— "
_SPACES = "\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
_NAME = re.compile(f"[^+\\x00-\\x1f{_SPACES}]{{1,{NAME_CHARS_MAX}}}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class MalformedNote(Malformed):
    """Not a signed note, or not a verifier key."""


class KeyType(IntEnum):
    """How a key of notes signs: the type byte of signed-note."""

    LOG = 0x01
    """Ed25519 of the text."""
    WITNESS = 0x04
    """Ed25519 of the text under a time: cosignature/v1."""


@dataclass(frozen=True)
class NoteKey:
    """A public key of notes with its name. Make one with `parse`."""

    name: str
    type: KeyType
    public: PublicKey

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise MalformedNote(
                "key name", f"has 1 to {NAME_CHARS_MAX} characters, no space, no plus sign", value=self.name
            )
        if self.public.algorithm is not KeyAlgorithm.ED25519:
            raise MalformedNote("note key", "is an Ed25519 key", value=self.public.algorithm.name)

    @classmethod
    def parse(cls, text: str) -> NoteKey:
        """The key that a verifier key (vkey) writes; raises `MalformedNote`."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = _base64(encoded, "verifier key")
        if len(raw) != 1 + KEY_BYTES or raw[0] not in {*KeyType}:
            raise MalformedNote("verifier key", "is of Ed25519, type 1 (a log's) or 4 (a witness's)", value=text)
        try:
            key = cls(name, KeyType(raw[0]), PublicKey.from_bytes(KeyAlgorithm.ED25519, raw[1:]))
        except MalformedKey as fault:
            raise MalformedNote("verifier key", fault.rule, value=text) from None
        if key.id.hex() != key_id:
            raise MalformedNote("verifier key", f"has the key ID {key.id.hex()}", value=key_id)
        return key

    @cached_property
    def id(self) -> bytes:
        """The key ID, 4 bytes: a name for the key, no proof of it."""
        content = self.name.encode() + b"\n" + bytes((self.type,)) + self.public.raw
        return sha256(content)[:KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The verifier key (vkey)."""
        return f"{self.name}+{self.id.hex()}+{_text(bytes((self.type,)) + self.public.raw)}"

    def signed(self, signature: NoteSignature) -> bool:
        """Whether a signature line says that it is this key's; `verify` tells whether it is."""
        return (signature.name, signature.key_id) == (self.name, self.id)

    def verify(self, text: str, signature: NoteSignature) -> bool:
        """Whether the signature is this key's of the text."""
        if not self.signed(signature):
            return False
        if self.type is KeyType.LOG:
            return self.public.verify(text.encode(), signature.content)
        time = signature.time
        return time is not None and self.public.verify(_cosigned(text, time), signature.content[_TIME_BYTES:])


@dataclass(frozen=True)
class NoteSignature:
    """One signature line, of whatever key."""

    name: str
    key_id: bytes
    content: bytes
    """What follows the key ID."""

    @property
    def time(self) -> int | None:
        """The time that a cosignature says, Unix seconds from 1; None where the content is not of a cosignature."""
        if len(self.content) <= _TIME_BYTES:
            return None
        time = int.from_bytes(self.content[:_TIME_BYTES], "big")
        return time if 0 < time <= TIME_MAX else None

    @property
    def line(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {_text(self.key_id + self.content)}\n"


@dataclass(frozen=True)
class Note:
    """A text and who signed it, nothing of it verified."""

    text: str
    """With its last newline."""
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, content: bytes | str) -> Note:
        """The note; raises `MalformedNote`. Whatever is parsed is written alike by `format`."""
        written = _decoded(content)
        text, divider, lines = written.rpartition("\n\n")
        if not divider or not text or not lines:
            raise MalformedNote("note", "is a text, an empty line and signature lines")
        return cls(text + "\n", parse_signatures(lines))

    def format(self) -> str:
        """The note as it travels."""
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}"

    def signature_of(self, key: NoteKey) -> NoteSignature | None:
        """A right signature by this key; None where there is none, or only wrong ones."""
        return next((one for one in self.signatures if key.verify(self.text, one)), None)

    def has_wrong_signature_of(self, key: NoteKey) -> bool:
        """Whether a line names this key and is not its signature."""
        return any(key.signed(one) and not key.verify(self.text, one) for one in self.signatures)

    def with_signatures(self, signatures: Iterable[NoteSignature]) -> Note:
        """The note with these lines too, those of it first, none twice; a newer line of a key replaces the older."""
        lines = {(one.name, one.key_id): one for one in (*self.signatures, *signatures)}
        return replace(self, signatures=tuple(lines.values()))


def parse_signatures(lines: str) -> tuple[NoteSignature, ...]:
    """The signatures that some lines hold, one at least; raises `MalformedNote`."""
    if not lines.endswith("\n"):
        raise MalformedNote("note", "ends with a newline")
    if lines.count("\n") > SIGNATURES_MAX:
        raise MalformedNote("note", f"has at most {SIGNATURES_MAX} signature lines", value=lines.count("\n"))
    return tuple(_signature(line) for line in lines[:-1].split("\n"))


def sign_text(text: str, name: str, key: SigningKey) -> NoteSignature:
    """A log's signature of a text."""
    return NoteSignature(name, NoteKey(name, KeyType.LOG, key.public).id, key.sign(text.encode()))


def cosign_text(text: str, name: str, key: SigningKey, time: int) -> NoteSignature:
    """A witness's cosignature of a text at a time, Unix seconds from 1."""
    if not 0 < time <= TIME_MAX:
        raise MalformedNote("time", f"is 1 to {TIME_MAX}", value=time)
    content = time.to_bytes(_TIME_BYTES, "big") + key.sign(_cosigned(text, time))
    return NoteSignature(name, NoteKey(name, KeyType.WITNESS, key.public).id, content)


def is_key_name(text: str) -> bool:
    """Whether a key may bear this name: no space of Unicode, no control character, no plus sign."""
    return _NAME.fullmatch(text) is not None


def parse_base64(text: str, length: int, field: str) -> bytes:
    """The bytes behind canonical, padded base64 of exactly `length` bytes; raises `MalformedNote`."""
    raw = _base64(text, field)
    if len(raw) != length:
        raise MalformedNote(field, f"is {length} bytes in base64", value=text)
    return raw


def format_base64(raw: bytes) -> str:
    """The bytes in base64 with padding (RFC 4648 section 4)."""
    return _text(raw)


def _signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not is_key_name(name):
        raise MalformedNote("signature line", "is “— ”, a key name, a space and base64", value=line)
    raw = _base64(encoded, "signature line")
    if len(raw) <= KEY_ID_BYTES:
        raise MalformedNote("signature line", "holds a key ID and a signature", value=line)
    return NoteSignature(name, raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])


def _decoded(content: bytes | str) -> str:
    if len(content) > NOTE_BYTES_MAX:
        raise MalformedNote("note", f"has at most {NOTE_BYTES_MAX} bytes", value=len(content))
    try:
        raw = content.encode() if isinstance(content, str) else content
        written = raw.decode()
    except UnicodeError:
        raise MalformedNote("note", "is UTF-8") from None
    if len(raw) > NOTE_BYTES_MAX:
        raise MalformedNote("note", f"has at most {NOTE_BYTES_MAX} bytes", value=len(raw))
    if _CONTROL.search(written):
        raise MalformedNote("note", "has no control character but newlines")
    return written


def _base64(text: str, field: str) -> bytes:
    try:
        raw = a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeError, Base64Error):
        raise MalformedNote(field, "is base64 with padding", value=text) from None
    if _text(raw) != text:
        raise MalformedNote(field, "is base64 without stray bits", value=text)
    return raw


def _text(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).decode("ascii")


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()
