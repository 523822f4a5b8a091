"""Keys that stay in hardware (PKCS#11): a key file may hold a PKCS#11 URI (RFC 7512) in place of a key.

    pkcs11:token=LABEL;object=LABEL?module-path=/path/of/module.so&pin-source=/path/of/pin

The module makes keys that are sensitive and not extractable, and signs; nothing here reads a private key. One session a
token and process serves all threads in turn. A session that is lost (token pulled, daemon restarted, handle unknown) is
opened again, once for each signature; then the caller hears why. `python-pkcs11` is needed: the extra `pkcs11`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote

from chain.errors import Malformed, TongguanError

if TYPE_CHECKING:
    import pkcs11

T = TypeVar("T")

URI_SCHEME: Final = "pkcs11:"
URI_CHARS_MAX: Final = 1_024
PIN_BYTES_MAX: Final = 256
_PATH_NAMES: Final = ("token", "object")
_QUERY_NAMES: Final = ("module-path", "pin-source")
_POINT_HEAD: Final = b"\x04\x41\x04"
"""DER of an octet string of 65 bytes, and the mark of an uncompressed point."""
_LOST: Final = (
    *("SessionHandleInvalid", "SessionClosed", "UserNotLoggedIn", "DeviceRemoved", "DeviceError", "TokenNotPresent"),
    *("ObjectHandleInvalid", "KeyHandleInvalid", "CryptokiNotInitialized", "GeneralError"),
)
"""Errors after which the session is opened again."""


class HardwareFault(TongguanError):
    """The module, the token or the key in it does not answer."""


class MalformedKeyUri(Malformed):
    """Not a PKCS#11 URI as this project reads it."""

    default_code = "1999"


class Curve(StrEnum):
    """The curves of keys that may stay in hardware, by their names in PKCS#11's parameters."""

    P256 = "secp256r1"
    SECP256K1 = "secp256k1"


@dataclass(frozen=True)
class KeyUri:
    """Where a key is: the module, the token's label, the key's label, and the file with the PIN."""

    text: str
    token: str
    label: str
    module: str
    pin_file: str

    @classmethod
    def parse(cls, text: str) -> KeyUri:
        """The URI in the text, with exactly the four attributes; raises MalformedKeyUri."""
        text = text.strip()
        if not text.startswith(URI_SCHEME) or len(text) > URI_CHARS_MAX:
            raise MalformedKeyUri("key URI", f"begins with {URI_SCHEME} and has at most {URI_CHARS_MAX} characters")
        path, _, query = text.removeprefix(URI_SCHEME).partition("?")
        attributes = _attributes(path, ";", _PATH_NAMES) | _attributes(query, "&", _QUERY_NAMES)
        pin_file = attributes["pin-source"].removeprefix("file://").removeprefix("file:")
        return cls(text, attributes["token"], attributes["object"], attributes["module-path"], pin_file)

    def pin(self) -> str:
        """The PIN, read from its file when it is needed; raises HardwareFault."""
        try:
            content = Path(self.pin_file).read_bytes()
        except OSError as error:
            raise HardwareFault(f"the PIN's file cannot be read: {error}") from None
        if not 0 < len(content.strip()) <= PIN_BYTES_MAX:
            raise HardwareFault(f"{self.pin_file} holds no PIN of at most {PIN_BYTES_MAX} bytes")
        return content.strip().decode("utf-8", errors="strict")


class HardwareToken:
    """One token of one module, with the one session that serves this process."""

    def __init__(self, module: str, token: str) -> None:
        self._module = module
        self._token = token
        self._lock = threading.RLock()
        self._session: Any = None
        self._was_lost = False

    def run(self, uri: KeyUri, work: Callable[[pkcs11.Session], T]) -> T:
        """What the work gives in an open session; a lost session is opened again once. Raises HardwareFault."""
        from pkcs11 import exceptions

        with self._lock:
            for is_last in (False, True):
                try:
                    return work(self._open(uri))
                except exceptions.PKCS11Error as error:
                    if is_last or type(error).__name__ not in _LOST:
                        raise HardwareFault(f"token {self._token}: {_words(error)}") from error
                    self._forget()
        raise HardwareFault(f"token {self._token} does not answer")

    def close(self) -> None:
        """Ends the session; the next use opens another."""
        with self._lock:
            self._forget()

    def _open(self, uri: KeyUri) -> Any:
        if self._session is None:
            import pkcs11

            try:
                library = pkcs11.lib(self._module)
                if self._was_lost:
                    library.reinitialize()  # a token that came back is seen by a module that starts anew
            except (pkcs11.PKCS11Error, RuntimeError) as error:
                raise HardwareFault(f"module {self._module}: {_words(error)}") from error
            self._session = library.get_token(token_label=self._token).open(user_pin=uri.pin(), rw=True)
        return self._session

    def _forget(self) -> None:
        from pkcs11 import exceptions

        session, self._session, self._was_lost = self._session, None, True
        if session is not None:
            # A session that is lost cannot be closed either; that is what is being mended.
            with suppress(exceptions.PKCS11Error):
                session.close()


class HardwareKey:
    """A key in a token: its public point, and signatures over digests."""

    def __init__(self, uri: KeyUri, curve: Curve) -> None:
        """Finds the key; raises HardwareFault where there is none of that label and curve."""
        self.uri = uri
        self.curve = curve
        self._token = token_of(uri.module, uri.token)
        self.point = self._token.run(uri, self._read_point)

    @property
    def uri_text(self) -> str:
        """The URI: what a key file holds in place of the key."""
        return self.uri.text

    def sign_digest(self, digest: bytes) -> tuple[int, int]:
        """The ECDSA signature (r, s) of a digest of 32 bytes."""
        raw = self._token.run(self.uri, lambda session: self._sign(session, digest))
        return int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")

    def sign(self, message: bytes) -> tuple[int, int]:
        """The signature (r, s) of a message, hashed with SHA-256."""
        return self.sign_digest(sha256(message).digest())

    def _sign(self, session: pkcs11.Session, digest: bytes) -> bytes:
        from pkcs11 import KeyType, Mechanism, ObjectClass

        key: Any = session.get_key(object_class=ObjectClass.PRIVATE_KEY, key_type=KeyType.EC, label=self.uri.label)
        return bytes(key.sign(digest, mechanism=Mechanism.ECDSA))

    def _read_point(self, session: pkcs11.Session) -> bytes:
        from pkcs11 import Attribute, KeyType, ObjectClass
        from pkcs11.util.ec import encode_named_curve_parameters

        key: Any = session.get_key(object_class=ObjectClass.PUBLIC_KEY, key_type=KeyType.EC, label=self.uri.label)
        if bytes(key[Attribute.EC_PARAMS]) != encode_named_curve_parameters(self.curve.value):
            raise HardwareFault(f"key {self.uri.label} is not on {self.curve.value}")
        encoded = bytes(key[Attribute.EC_POINT])
        point = encoded.removeprefix(_POINT_HEAD)
        if len(point) != 64 or point == encoded:
            raise HardwareFault(f"key {self.uri.label} has no point that is read here")
        return point

    def __repr__(self) -> str:
        return f"HardwareKey({self.uri.label} on {self.curve.value})"


def make_hardware_key(uri: KeyUri, curve: Curve) -> HardwareKey:
    """A new key in the token, never to leave it; raises HardwareFault, also where the label is taken."""

    def generate(session: pkcs11.Session) -> None:
        from pkcs11 import Attribute, KeyType
        from pkcs11.util.ec import encode_named_curve_parameters

        if any(True for _ in session.get_objects({Attribute.LABEL: uri.label})):
            raise HardwareFault(f"the token holds an object {uri.label} already; choose another label")
        parameters: Any = session.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters(curve.value)}, local=True
        )
        secret = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        identity = sha256(uri.label.encode()).digest()[:16]
        parameters.generate_keypair(label=uri.label, id=identity, store=True, private_template=secret)

    token_of(uri.module, uri.token).run(uri, generate)
    return HardwareKey(uri, curve)


@lru_cache(maxsize=16)
def token_of(module: str, token: str) -> HardwareToken:
    """The token of that label; a process logs in to each but once."""
    try:
        import pkcs11  # noqa: F401  here one hears what is missing
    except ImportError:
        raise HardwareFault("keys in hardware need python-pkcs11: pip install 'tongguan[pkcs11]'") from None
    return HardwareToken(module, token)


def _attributes(text: str, separator: str, names: tuple[str, ...]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for part in text.split(separator):
        name, _, value = part.partition("=")
        if name not in names or name in attributes or not value:
            raise MalformedKeyUri(
                "key URI", f"has {' and '.join(names)}, each once, and nothing else there", value=name
            )
        attributes[name] = unquote(value)
    if missing := [name for name in names if name not in attributes]:
        raise MalformedKeyUri("key URI", f"names {missing[0]}")
    return attributes


def _words(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()
