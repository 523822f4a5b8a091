"""An organisation's card: who it is and the public part of every key that it holds, signed by itself.

A card is a compact JWS (RFC 7515) of type `tongguan-card+jws`, signed by the record key that it shows, at most 16 kB:

```
{"format": "tongguan-card/1", "uscc", "name", "slug", "holder", "customs_code", "roles": [..], "governor": true,
 "gateway_url": null, "keys": {"record": JWK, "exchange": X25519 or null, "note": verifier key or null,
 "accounts": {"account": {"address", "possession"}, "attester": .., "gateway": ..}, "validator": null}}
```

`holder` is the USCC of the organisation in whose folder the private keys lie. `possession` is an EIP-191 signature by
that account over `tongguan-card/1 USCC RECORD-KEY PURPOSE`: nobody lists another's account as its own. A validator is
listed by its enode public key (64 bytes in hex), where it is reached (host:port), and its `possession`.

The fingerprint is SHA-256 of what the JWS signs; eight groups of four digits of it are read aloud.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from chain.errors import Malformed
from chain.identifiers import CustomsCode, Uscc
from chain.jws import CompactJws, MalformedJws, sign_compact
from chain.keys import MalformedKey, PublicKey, SigningKey
from chain.members import Role
from chain.proof.hashes import keccak256
from chain.proof.notes import KeyType, MalformedNote, NoteKey

CARD_TYPE = "tongguan-card+jws"
CARD_FORMAT = "tongguan-card/1"
CARD_CHARS_MAX = 16_384

Address = Annotated[str, Field(pattern=r"^0x[0-9a-f]{40}\z")]
Possession = Annotated[str, Field(pattern=r"^[0-9a-f]{130}\z")]
Purpose = Literal["account", "attester", "gateway", "validator"]


class MalformedCard(Malformed):
    """Not a card, not signed by the key that it shows, or it lists an account that its maker does not hold."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class CardAccount(_Strict):
    """An Ethereum account and the proof that the card's maker holds its key."""

    address: Address
    possession: Possession


class CardValidator(_Strict):
    """A validator of the QBFT network: its enode key, where peers reach it (host:port), and the proof of possession."""

    enode_key: Annotated[str, Field(pattern=r"^[0-9a-f]{128}\z")]
    endpoint: Annotated[str, Field(pattern=r"^[0-9A-Za-z.:\[\]-]{1,255}:[0-9]{1,5}\z")]
    possession: Possession

    @property
    def address(self) -> str:
        """The account address of the key, 0x-hex."""
        return "0x" + keccak256(bytes.fromhex(self.enode_key))[12:].hex()


class CardKeys(_Strict):
    """The public part of each key. `exchange` (X25519, hex) is there where the member runs a gateway."""

    record: dict[str, str]
    exchange: Annotated[str, Field(pattern=r"^[0-9a-f]{64}\z")] | None
    note: Annotated[str, Field(max_length=400)] | None
    """The verifier key (C2SP signed-note) of its log of notes, where it governs."""
    accounts: dict[Literal["account", "attester", "gateway"], CardAccount]
    validator: CardValidator | None


class Card(_Strict):
    """What a card says; `parse` makes one from its text, with every signature checked."""

    format: Literal["tongguan-card/1"]
    uscc: Uscc
    name: Annotated[str, Field(min_length=1, max_length=200)]
    slug: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}\z")]
    holder: Uscc
    customs_code: CustomsCode | Literal[""]
    roles: Annotated[list[str], Field(min_length=1)]
    governor: bool
    gateway_url: Annotated[str, Field(pattern=r"^https?://[^\s]{1,255}\z")] | None
    keys: CardKeys

    @field_validator("roles")
    @classmethod
    def _roles(cls, value: list[str]) -> list[str]:
        if unknown := [name for name in value if name not in Role.__members__]:
            raise ValueError(f"no role {unknown[0]}; there are {', '.join(Role.__members__)}")
        if len(set(value)) != len(value):
            raise ValueError("a role stands twice")
        return value

    @property
    def note_key(self) -> NoteKey | None:
        """The verifier key of its log of notes; raises MalformedNote."""
        return None if self.keys.note is None else NoteKey.parse(self.keys.note)

    @property
    def record_key(self) -> PublicKey:
        """The key that signs the member's records."""
        return PublicKey.from_jwk(self.keys.record)

    @property
    def controller(self) -> str:
        """The account that acts for the member in the registry."""
        return self.keys.accounts["account"].address

    def find_account(self, purpose: Literal["attester", "gateway"]) -> str | None:
        """The account for this purpose; None where the card lists none."""
        account = self.keys.accounts.get(purpose)
        return account.address if account else None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The card in this text; raises MalformedCard where anything about it is not right."""
        if len(text) > CARD_CHARS_MAX:
            raise MalformedCard("card", f"has at most {CARD_CHARS_MAX} characters", value=len(text))
        try:
            jws = CompactJws.parse(text.strip(), typ=CARD_TYPE)
            card = cls.model_validate(jws.payload)
            key = card.record_key
            note_key = card.note_key
        except (MalformedJws, MalformedKey, MalformedNote) as fault:
            raise MalformedCard("card", f"is no card: {fault}", fix="Ask its organisation for a new one") from fault
        except ValidationError as fault:
            first = fault.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise MalformedCard(where or "card", first["msg"], fix="Ask its organisation for a new one") from fault
        if not jws.verify(key):
            raise MalformedCard("card.signature", "must be made by the record key that the card shows")
        if note_key is not None and note_key.type is not KeyType.LOG:
            raise MalformedCard("keys.note", "must be a log's key, not a witness's")
        card._check_accounts()
        return card

    def _check_accounts(self) -> None:
        if "account" not in self.keys.accounts:
            raise MalformedCard("keys.accounts", "must list the controller under the name account")
        if self.governor != ("attester" in self.keys.accounts):
            raise MalformedCard("keys.accounts.attester", "is there for a governor, and for nobody else")
        if self.governor != (self.keys.note is not None):
            raise MalformedCard("keys.note", "is there for a governor, and for nobody else")
        listed: dict[str, tuple[str, str]] = {
            purpose: (account.address, account.possession) for purpose, account in self.keys.accounts.items()
        }
        if self.keys.validator:
            listed["validator"] = (self.keys.validator.address, self.keys.validator.possession)
        if len({address for address, _ in listed.values()}) != len(listed):
            raise MalformedCard("keys.accounts", "must be different accounts")
        kid = self.record_key.kid
        for purpose, (address, possession) in listed.items():
            message = encode_defunct(text=possession_text(self.uscc, kid, purpose))
            try:
                signer: str = Account.recover_message(message, signature=bytes.fromhex(possession))
            except Exception as fault:  # the library raises its own and plain errors alike for a signature of no key
                raise MalformedCard(f"keys.{purpose}.possession", f"is no signature: {fault}") from fault
            if signer.lower() != address:
                raise MalformedCard(f"keys.{purpose}.possession", "is not made by the account that it stands beside")


def possession_text(uscc: str, kid: str, purpose: str) -> str:
    """What an account signs to say that it serves this member, beside this record key, for this purpose."""
    return f"{CARD_FORMAT} {uscc} {kid} {purpose}"


def prove_possession(account: LocalAccount, uscc: str, kid: str, purpose: Purpose) -> str:
    """The account's EIP-191 signature of `possession_text`, 65 bytes in hex."""
    return bytes(account.sign_message(encode_defunct(text=possession_text(uscc, kid, purpose))).signature).hex()


def sign_card(content: dict[str, Any], key: SigningKey) -> str:
    """The card's text: the content (without `format`) checked, and signed by the record key that it shows."""
    text = sign_compact({"typ": CARD_TYPE}, {"format": CARD_FORMAT, **content}, key)
    Card.parse(text)
    return text


def card_fingerprint(text: str) -> bytes:
    """The card's fingerprint: SHA-256 of what it signs."""
    return sha256(text.strip().rpartition(".")[0].encode("ascii")).digest()
