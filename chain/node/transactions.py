"""A raw signed transaction, read and checked once: its fields, its hash, and the sender whose key signed it.

What is fit is known from the items of its RLP, each compared with the one way to write it, and one recovery of the key.
What is not fit is read again by py-evm, only to say what is wrong in the words that Ethereum clients know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import rlp
from coincurve import PublicKey
from eth.exceptions import PyEVMError
from eth.vm.forks.london.transactions import LondonTransactionBuilder
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from chain.node.errors import TransactionRefused
from chain.node.settings import TRANSACTION_BYTES_MAX
from chain.node.trie import keccak
from chain.node.trusted_rlp import EMPTY, listed, number, raw_items, string, text_of

GAS_TRANSACTION = 21_000
GAS_CREATE = 32_000
GAS_ZERO_BYTE = 4
GAS_BYTE = 16
GAS_LISTED_ADDRESS = 2_400
GAS_LISTED_SLOT = 1_900
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HALF_CURVE_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
EIP155_V_MIN = 35
NONCE_MAX = (1 << 64) - 1
"""A transaction with this nonce never runs: the count after it would not fit (EIP-2681)."""
WORD_MAX = (1 << 256) - 1
LEGACY, LISTING, PRICED = 0, 1, 2
ACCEPTED_TYPES = (LISTING, PRICED)
ITEMS = {LEGACY: 9, LISTING: 11, PRICED: 12}
"""How many fields a transaction of each type has, the three of its signature included."""
ADDRESS_BYTES, SLOT_BYTES = 20, 32
NESTING_MAX = 64
"""Lists within lists that py-evm is given to say what is wrong; those of a transaction are four."""
SHORT_TEXT, SHORT_LIST, SHORT_MAX = 0x80, 0xC0, 55
"""RLP: beginnings of texts and lists, to which lengths of up to 55 are added."""

AccessList = tuple[tuple[bytes, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """The fields of a transaction of any type, under the names by which py-evm asks for them."""

    nonce: int
    max_priority_fee_per_gas: int
    max_fee_per_gas: int
    gas: int
    to: bytes
    """Empty where a contract is to be made."""
    value: int
    data: bytes
    access_list: AccessList
    s: int
    """Of the signature: at most half of the curve's order."""
    sender: bytes
    intrinsic_gas: int
    """What is paid before any code runs."""


@dataclass(frozen=True)
class Pooled:
    """A transaction whose form, chain id and signature were checked: raw bytes, hash, sender, and its fields."""

    raw: bytes
    hash: bytes
    sender: bytes
    transaction: Transaction

    @property
    def nonce(self) -> int:
        """The sender's count at which it can run."""
        return self.transaction.nonce


def parse_transaction(raw: bytes, chain_id: int) -> Pooled:
    """The transaction that these bytes are, for this chain, its sender recovered; raises `TransactionRefused`."""
    if len(raw) > TRANSACTION_BYTES_MAX:
        raise TransactionRefused(f"oversized data: transaction size {len(raw)}, limit {TRANSACTION_BYTES_MAX}")
    if not raw or (raw[0] < 0x80 and raw[0] not in ACCEPTED_TYPES):
        raise TransactionRefused("transaction type not supported")
    try:
        transaction = _fit(raw, chain_id)
    except (_Unfit, IndexError, ValueError):
        raise _refusal(raw, chain_id) from None
    return Pooled(raw, keccak(raw), transaction.sender, transaction)


def intrinsic_gas(to: bytes | None, data: bytes, access_list: AccessList) -> int:
    """Gas that a transaction pays before its code runs (Yellow Paper section 6; EIP-2028, EIP-2930)."""
    zeros = data.count(0)
    slots = sum(len(slots) for _, slots in access_list)
    return (
        GAS_TRANSACTION
        + (0 if to else GAS_CREATE)
        + GAS_ZERO_BYTE * zeros
        + GAS_BYTE * (len(data) - zeros)
        + GAS_LISTED_ADDRESS * len(access_list)
        + GAS_LISTED_SLOT * slots
    )


class _Unfit(Exception):
    """These bytes are no transaction for this chain; which rule they break is for `_refusal` to say."""


def _fit(raw: bytes, chain_id: int) -> Transaction:
    kind = LEGACY if raw[0] >= 0x80 else raw[0]
    payload = raw[1:] if kind else raw
    items = raw_items(payload)
    _hold(len(items) == ITEMS[kind] and listed(b"".join(items)) == payload)
    if kind:
        _hold(_number(items[0]) == chain_id)
        parity = _number(items[-3])
        signed = raw[:1] + listed(b"".join(items[:-3]))
        access_list = _access_list(items[-4])
        fields = items[1:]
    else:
        parity = _number(items[-3]) - EIP155_V_MIN - 2 * chain_id
        signed = listed(b"".join(items[:-3]) + number(chain_id) + EMPTY + EMPTY)
        access_list = ()
        fields = items
    r, s = _number(items[-2]), _number(items[-1])
    _hold(parity in (0, 1) and 0 < r < CURVE_ORDER and 0 < s <= HALF_CURVE_ORDER)
    prices = 2 if kind == PRICED else 1
    nonce, tip, price = _number(fields[0]), _number(fields[1]), _number(fields[prices])
    gas, value = _number(fields[1 + prices]), _number(fields[3 + prices])
    to, data = _text(fields[2 + prices]), _text(fields[4 + prices])
    least = intrinsic_gas(to, data, access_list)
    _hold(max(price, gas, value) <= WORD_MAX)
    _hold(nonce < NONCE_MAX and tip <= price and len(to) in (0, ADDRESS_BYTES) and gas >= least)
    key = PublicKey.from_signature_and_message(
        r.to_bytes(32) + s.to_bytes(32) + bytes((parity,)), keccak(signed), hasher=None
    )
    sender = keccak(key.format(compressed=False)[1:])[12:]
    return Transaction(nonce, tip, price, gas, to, value, data, access_list, s, sender, least)


def _access_list(item: bytes) -> AccessList:
    entries = raw_items(item)
    _hold(listed(b"".join(entries)) == item)
    found = []
    for entry in entries:
        parts = raw_items(entry)
        _hold(len(parts) == 2 and listed(b"".join(parts)) == entry)
        keys = raw_items(parts[1])
        _hold(listed(b"".join(keys)) == parts[1])
        address, slots = _text(parts[0]), [_text(key) for key in keys]
        _hold(len(address) == ADDRESS_BYTES and all(len(slot) == SLOT_BYTES for slot in slots))
        found.append((address, tuple(int.from_bytes(slot) for slot in slots)))
    return tuple(found)


def _number(item: bytes) -> int:
    """A number in the one way to write it."""
    value = int.from_bytes(text_of(item))
    _hold(number(value) == item)
    return value


def _text(item: bytes) -> bytes:
    """A string in the one way to write it."""
    text = text_of(item)
    _hold(string(text) == item)
    return text


def _hold(rule: bool) -> None:
    if not rule:
        raise _Unfit


def _refusal(raw: bytes, chain_id: int) -> TransactionRefused:
    """Why these bytes, which are not fit, are refused."""
    if _nests_deeper(raw, NESTING_MAX):
        return TransactionRefused("rlp: lists nest too deep")
    try:
        transaction = LondonTransactionBuilder.decode(raw)
        transaction_chain = _chain_id(transaction)
    except (rlp.RLPException, PyEVMError, ValidationError, ValueError, TypeError, IndexError) as error:
        return TransactionRefused(f"rlp: {str(error)[:200]}")
    numbers = (transaction.nonce, transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas, transaction.gas)
    signature = (getattr(transaction, "v", 0), transaction.y_parity, transaction.r, transaction.s)
    if max(*numbers, transaction.value, *signature, transaction_chain or 0) > WORD_MAX:
        # No check below is made for it, and its digits may be more than Python writes out.
        return TransactionRefused("rlp: a number of more than 256 bits")
    if transaction.encode() != raw:
        return TransactionRefused("rlp: not the canonical encoding")
    if transaction_chain is None:
        return TransactionRefused("only replay-protected (EIP-155) transactions allowed over RPC")
    if transaction_chain != chain_id:
        return TransactionRefused(f"invalid chain id for signer: have {transaction_chain} want {chain_id}")
    if transaction.nonce >= NONCE_MAX:
        return TransactionRefused("nonce has max value")
    if not 0 < transaction.s <= HALF_CURVE_ORDER:
        return TransactionRefused("invalid transaction v, r, s values")
    try:
        transaction.validate()
        transaction.get_sender()
    except (BadSignature, ValidationError, ValueError) as error:
        if "gas" in str(error).lower():
            return TransactionRefused(f"intrinsic gas too low: gas {transaction.gas}")
        return TransactionRefused("invalid sender")
    if transaction.gas < transaction.intrinsic_gas:
        return TransactionRefused(
            f"intrinsic gas too low: gas {transaction.gas}, minimum needed {transaction.intrinsic_gas}"
        )
    if transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas:
        return TransactionRefused("max priority fee per gas higher than max fee per gas")
    # py-evm takes an empty list for an empty string.
    return TransactionRefused("rlp: not the canonical encoding")


def _nests_deeper(raw: bytes, depth_max: int) -> bool:
    """Whether lists stand within lists more than so deep. The library's decoder calls itself for each level."""
    ends: list[int] = []
    place = 0 if raw[0] >= SHORT_LIST else 1
    while place < len(raw):
        while ends and place >= ends[-1]:
            ends.pop()
        prefix = raw[place]
        is_list = prefix >= SHORT_LIST
        short = prefix - (SHORT_LIST if is_list else SHORT_TEXT)
        size_bytes = max(0, short - SHORT_MAX)
        place += 1 + size_bytes
        length = int.from_bytes(raw[place - size_bytes : place]) if size_bytes else max(0, short)
        if is_list:
            ends.append(place + length)
            if len(ends) > depth_max:
                return True
        elif prefix >= SHORT_TEXT:
            place += length
    return False


def _chain_id(transaction: object) -> int | None:
    v = getattr(transaction, "v", None)
    if v is not None:
        return (v - EIP155_V_MIN) // 2 if v >= EIP155_V_MIN else None
    return cast(int, transaction.chain_id)  # type: ignore[attr-defined]
