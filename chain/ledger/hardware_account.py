"""An Ethereum account whose key stays in hardware: it signs transactions and texts as `LocalAccount` does, no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import rlp
from coincurve import PublicKey
from eth_account.messages import SignableMessage
from web3 import Web3

from chain.hardware_keys import URI_SCHEME, Curve, HardwareFault, HardwareKey, KeyUri
from chain.proof.hashes import keccak256

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

SECP256K1_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_NAMES: Final = ("nonce", "gasPrice", "gas", "to", "value", "data")


@dataclass(frozen=True)
class SignedTransaction:
    """A raw transaction, ready to be sent."""

    raw_transaction: bytes


@dataclass(frozen=True)
class SignedText:
    """A signature r ‖ s ‖ v of an EIP-191 text, 65 bytes."""

    signature: bytes


class HardwareAccount:
    """The account of a secp256k1 key in a token."""

    def __init__(self, key: HardwareKey) -> None:
        self._key = key
        self.address: str = Web3.to_checksum_address(keccak256(key.point)[12:].hex())

    @classmethod
    def load(cls, uri: str) -> HardwareAccount:
        """The account of the key that the URI names; raises MalformedKeyUri, HardwareFault."""
        return cls(HardwareKey(KeyUri.parse(uri), Curve.SECP256K1))

    def sign_transaction(self, fields: dict[str, Any]) -> SignedTransaction:
        """The raw legacy transaction with EIP-155 replay protection; without `to` it creates a contract."""
        values = [_field(name, fields) for name in _NAMES]
        chain_id = int(fields["chainId"])
        r, s, parity = self._sign(keccak256(rlp.encode([*values, chain_id, 0, 0])))
        return SignedTransaction(bytes(rlp.encode([*values, 35 + 2 * chain_id + parity, r, s])))

    def sign_message(self, message: SignableMessage) -> SignedText:
        """The EIP-191 signature of a text."""
        r, s, parity = self._sign(keccak256(b"\x19" + message.version + message.header + message.body))
        return SignedText(r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + parity]))

    def _sign(self, digest: bytes) -> tuple[int, int, int]:
        """(r, s, parity of y) with the low s, as Ethereum takes it; the module gives no parity, so it is tried out."""
        r, s = self._key.sign_digest(digest)
        s = min(s, SECP256K1_ORDER - s)
        for parity in (0, 1):
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])
            try:
                recovered = PublicKey.from_signature_and_message(signature, digest, hasher=None)
            except ValueError:
                continue  # no point of the curve has this r with this parity
            if recovered.format(compressed=False)[1:] == self._key.point:
                return r, s, parity
        raise HardwareFault("the token signed with another key than the one it shows")

    def __repr__(self) -> str:
        return f"HardwareAccount({self.address})"


def load_named_account(content: str) -> LocalAccount | None:
    """The account in hardware that an account file names by a URI; None where the file holds a key itself.

    It is no `LocalAccount` and does all that is asked of one here: its address, transactions, EIP-191 texts.
    """
    if not content.startswith(URI_SCHEME):
        return None
    return cast("LocalAccount", HardwareAccount.load(content))


def _field(name: str, fields: dict[str, Any]) -> int | bytes:
    value = fields.get(name, b"")
    if isinstance(value, int):
        return value
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
