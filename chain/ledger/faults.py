"""What an endpoint or the chain behind it did that it should not: one fault a class, all of the LedgerFault family."""

from __future__ import annotations

import re

from chain.errors import LedgerFault


class LedgerUnreachable(LedgerFault):
    """No usable answer came: no connection, a timeout, or something that is no JSON-RPC."""

    def __init__(self, method: str, reason: str) -> None:
        self.method = method
        self.reason = reason
        super().__init__(f"the ledger's endpoint gave no usable answer to {method}: {reason}")


class RpcRefused(LedgerFault):
    """The endpoint answered with a JSON-RPC error that is no contract's revert."""

    def __init__(self, method: str, code: int, message: str) -> None:
        self.method = method
        self.code = code
        self.message = message
        super().__init__(f"the ledger's endpoint refused {method}: {message} (code {code})")


class MalformedAnswer(LedgerFault):
    """An answer whose shape or content cannot be what was asked for."""

    def __init__(self, method: str, reason: str) -> None:
        self.method = method
        self.reason = reason
        super().__init__(f"the ledger's endpoint answered {method} wrongly: {reason}")


class WrongChain(LedgerFault):
    """The endpoint serves another chain than the trust root names: `what` is chain id or genesis hash."""

    def __init__(self, what: str, expected: object, got: object) -> None:
        self.what = what
        self.expected = expected
        self.got = got
        super().__init__(f"the endpoint serves another chain: {what} {got}, the trust root says {expected}")


class ChangedCode(LedgerFault):
    """At a contract's address stands other code than the trust root pins, or none."""

    def __init__(self, contract: str, address: str, expected: str, got: str) -> None:
        self.contract = contract
        self.address = address
        self.expected = expected
        self.got = got
        super().__init__(f"{contract} at {address} has code hash {got}, expected {expected}")


class OtherEdition(LedgerFault):
    """The trust root pins exactly this code, but it is of another edition of the protocol than this program's."""

    def __init__(self, contract: str, address: str) -> None:
        self.contract = contract
        self.address = address
        super().__init__(
            f"the consortium was founded with contracts of another edition of the protocol ({contract} at {address}), "
            "which this program does not read: found it anew with `tongguan init DIR`"
        )


class HeadWentBack(LedgerFault):
    """The endpoint's head is behind one that it gave before: it lags, or the chain was cut."""

    def __init__(self, seen: int, now: int) -> None:
        self.seen = seen
        self.now = now
        super().__init__(f"the endpoint's head went back from block {seen} to {now}: it lags or was changed")


class HeadChanged(LedgerFault):
    """A block of the same number has another hash than before: under finality that cannot happen."""

    def __init__(self, number: int, seen: str, now: str) -> None:
        self.number = number
        self.seen = seen
        self.now = now
        super().__init__(f"block {number} had hash {seen} and now has {now}: the chain's history was changed")


class ReceiptWithoutBlock(LedgerFault):
    """A receipt names a block that the endpoint does not have, or has under another hash."""

    def __init__(self, tx_hash: str, block: int, receipt_hash: str, block_hash: str) -> None:
        self.tx_hash = tx_hash
        self.block = block
        self.receipt_hash = receipt_hash
        self.block_hash = block_hash
        super().__init__(f"the receipt of {tx_hash} names block {block} {receipt_hash}, the chain has {block_hash}")


class NotInBlockYet(LedgerFault):
    """A transaction was sent and no block held it in time; it may still come: send the same bytes again."""

    def __init__(self, tx_hash: str, timeout_s: float) -> None:
        self.tx_hash = tx_hash
        self.timeout_s = timeout_s
        super().__init__(f"no block held transaction {tx_hash} within {timeout_s:g} s; it may still come")


class BatchMissing(LedgerFault):
    """The endpoint's events skip a batch that the ones around it prove to be there."""

    def __init__(self, index: int, got: int | None) -> None:
        self.index = index
        self.got = got
        said = "nothing" if got is None else f"batch {got}"
        super().__init__(f"the endpoint gave {said} where batch {index} comes next")


class NoProofs(LedgerFault):
    """The endpoint cannot give what proofs need; `what` says which: eth_getProof, or sealed headers."""

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(f"this endpoint cannot give {what}, which proofs need: {reason}")


def without_secrets(text: str) -> str:
    """The text with every URL in it cut down to scheme and host: path, query and user often hold an access key."""
    return _TARGET.sub(r"\1…", _URL.sub(r"\1\2", text))


_URL = re.compile(r"((?:https?|wss?)://)(?:[^\s/@'\"]*@)?([^\s/?'\")]+)[^\s'\")]*")
_TARGET = re.compile(r"(with url: )\S+")
"""As the HTTP library writes it, without the host."""
