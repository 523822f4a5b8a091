"""Keyed look-ups: numbers that parties look for are found in the store, and do not stand there.

An order's number may be a telephone, a payer's an identity number. A plain hash of such a number is found again by
trying all of them. So the store holds an HMAC-SHA256 under a key of its own, cut short; the key lies in the store too,
encrypted under the data keys as payloads are. Each transaction carries what its queries need: `secrets_of`.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select, update

from chain.encoding import base64url
from chain.errors import StoreFault
from gateway.store.model import store_keys
from gateway.store.vault import UnopenedPayload, Vault

KEY_BYTES = 32
FACT_BYTES = 12
"""Of a fact's hash: among a thousand million facts of one kind, two alike are found with a chance of 10⁻¹¹; what is
found is compared with the record itself before it counts."""
CLEAR_FACTS: Final = frozenset({"hs", "goods", "status", "office", "district", "day", "finding", "severity"})
"""Kinds of facts that are no one's number. Every other kind is keyed."""
KEY_NAME: Final = "look-ups"
WAITING_FACTS: Final = "facts that wait"
"""What sealed facts are bound to, so that they open nowhere else."""
_SECRETS_OPTION: Final = "tongguan_secrets"


class UnopenedStore(StoreFault):
    """The data keys are not those of this store: neither its payloads nor its look-ups can be used."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the data keys do not open the store's key ({reason}): name the data keys file that it was made with"
        )


class LookUpKey:
    """The key under which one store looks numbers up, and of which it derives its webhooks' secrets.

    Safe to share between threads.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_reference(self, kind: str, value: str) -> tuple[int, int]:
        """The 128 bits that stand for a reference's number, as two signed numbers of 64; the first is indexed."""
        digest = self._mac(f"reference\0{kind}\0{value}".encode())
        return int.from_bytes(digest[:8], "big", signed=True), int.from_bytes(digest[8:16], "big", signed=True)

    def of_fact(self, kind: str, value: str) -> str:
        """What stands for a fact's value: itself where its kind is no one's number, else 16 characters."""
        if kind in CLEAR_FACTS:
            return value
        return base64url(self._mac(f"fact\0{kind}\0{value}".encode())[:FACT_BYTES])

    def of_document(self, digest: bytes) -> bytes:
        """The 32 bytes that stand for a file's SHA-256."""
        return self._mac(b"document\0" + digest)

    def of_identity(self, digest: bytes) -> bytes:
        """The 32 bytes that stand for the SHA-256 of a provider's issuer and subject."""
        return self._mac(b"identity\0" + digest)

    def webhook_secret(self, webhook: str, number: int) -> bytes:
        """The 32 bytes under which posts to a webhook are signed; another number gives another secret.

        Derived, so that no table holds it and a change of the data keys leaves it as it is.
        """
        return self._mac(f"webhook secret\0{webhook}\0{number}".encode())

    def _mac(self, message: bytes) -> bytes:
        return hmac.digest(self._key, message, "sha256")


@dataclass(frozen=True)
class StoreSecrets:
    """What the queries of one store need to look numbers up and to open what waits."""

    look_ups: LookUpKey
    vault: Vault


def carry_secrets(connection: Connection, store_secrets: StoreSecrets | None) -> Connection:
    """The connection, which carries the secrets to the queries that run on it."""
    return connection.execution_options(**{_SECRETS_OPTION: store_secrets})


def secrets_of(connection: Connection) -> StoreSecrets:
    """The secrets that a transaction carries; raises StoreFault for a connection that no store gave."""
    carried = connection.get_execution_options().get(_SECRETS_OPTION)
    if not isinstance(carried, StoreSecrets):
        raise StoreFault("this connection carries no key of a store")
    return carried


def look_ups_of(connection: Connection) -> LookUpKey:
    """The look-up key that a transaction carries."""
    return secrets_of(connection).look_ups


def open_look_ups(connection: Connection, vault: Vault) -> LookUpKey:
    """The store's look-up key, made where there is none yet, and sealed anew under today's data key.

    The caller's transaction writes, and nobody else opens the store meanwhile. Raises UnopenedStore.
    """
    sealed = connection.execute(select(store_keys.c.sealed).where(store_keys.c.name == KEY_NAME)).scalar()
    if sealed is None:
        key = secrets.token_bytes(KEY_BYTES)
        connection.execute(insert(store_keys).values(name=KEY_NAME, sealed=vault.seal(key, KEY_NAME)))
        return LookUpKey(key)
    try:
        key = vault.unseal(bytes(sealed), KEY_NAME)
    except UnopenedPayload as fault:
        raise UnopenedStore(fault.reason) from None
    if not vault.is_current(bytes(sealed)):
        resealed = vault.seal(key, KEY_NAME)
        connection.execute(update(store_keys).where(store_keys.c.name == KEY_NAME).values(sealed=resealed))
    return LookUpKey(key)
