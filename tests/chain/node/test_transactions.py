"""Transactions are taken, and refused in the same words, exactly where py-evm's own reading of them does so."""

from __future__ import annotations

import random
from typing import Any

import pytest
import rlp
from eth.exceptions import PyEVMError
from eth.vm.forks.london.transactions import LondonTransactionBuilder
from eth_account import Account
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from chain.node import requests
from chain.node.errors import TransactionRefused
from chain.node.transactions import (
    ACCEPTED_TYPES,
    CURVE_ORDER,
    HALF_CURVE_ORDER,
    NONCE_MAX,
    WORD_MAX,
    parse_transaction,
)
from tests.chain.node.conftest import CHAIN_ID, RECIPIENT

KEY = b"\x42" * 32


def reference(raw: bytes) -> tuple[object, ...]:
    """What py-evm reads, each check in the order in which it is named; or the refusal's words."""
    if not raw or (raw[0] < 0x80 and raw[0] not in ACCEPTED_TYPES):
        return ("transaction type not supported",)
    try:
        one = LondonTransactionBuilder.decode(raw)
        v = getattr(one, "v", None)
        chain = one.chain_id if v is None else (v - 35) // 2 if v >= 35 else None
    except (rlp.RLPException, PyEVMError, ValidationError, ValueError, TypeError, IndexError) as error:
        return (f"rlp: {str(error)[:200]}",)
    numbers = [one.nonce, one.max_priority_fee_per_gas, one.max_fee_per_gas, one.gas, one.value, one.r, one.s]
    if max(*numbers, chain or 0, one.y_parity) > WORD_MAX or (v or 0) > WORD_MAX:
        return ("rlp: a number of more than 256 bits",)
    if chain is None:
        return ("only replay-protected (EIP-155) transactions allowed over RPC",)
    if chain != CHAIN_ID:
        return (f"invalid chain id for signer: have {chain} want {CHAIN_ID}",)
    if one.nonce >= NONCE_MAX:
        return ("nonce has max value",)
    if not 0 < one.s <= HALF_CURVE_ORDER:
        return ("invalid transaction v, r, s values",)
    try:
        one.validate()
        one.check_signature_validity()
        sender = bytes(one.sender)
    except (BadSignature, ValidationError, ValueError) as error:
        if "gas" in str(error).lower():
            return (f"intrinsic gas too low: gas {one.gas}",)
        return ("invalid sender",)
    if one.gas < one.intrinsic_gas:
        return (f"intrinsic gas too low: gas {one.gas}, minimum needed {one.intrinsic_gas}",)
    if one.max_priority_fee_per_gas > one.max_fee_per_gas:
        return ("max priority fee per gas higher than max fee per gas",)
    if has_list_for_string(raw):
        return ("rlp: not the canonical encoding",)
    listed = [(bytes(address), tuple(slots)) for address, slots in one.access_list]
    prices = (one.max_priority_fee_per_gas, one.max_fee_per_gas)
    return (sender, one.nonce, *prices, one.gas, bytes(one.to), one.value, one.data, listed, one.s, one.intrinsic_gas)


def has_list_for_string(raw: bytes) -> bool:
    """Whether an empty list stands where a string belongs: py-evm alone does not mind."""
    fields = rlp.decode(raw if raw[0] >= 0x80 else raw[1:])
    strings = [*fields[:-4], *fields[-3:]] if raw[0] < 0x80 else fields
    return any(isinstance(field, list) for field in strings) or any(
        isinstance(word, list) for _, words in (fields[-4] if raw[0] < 0x80 else []) for word in words
    )


def ours(raw: bytes) -> tuple[object, ...]:
    try:
        one = parse_transaction(raw, CHAIN_ID)
    except TransactionRefused as refused:
        return (refused.reason,)
    t = one.transaction
    assert one.sender == t.sender and one.raw == raw
    prices = (t.max_priority_fee_per_gas, t.max_fee_per_gas)
    return (t.sender, t.nonce, *prices, t.gas, t.to, t.value, t.data, list(t.access_list), t.s, t.intrinsic_gas)


def fields_of(kind: int, chance: random.Random) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "chainId": CHAIN_ID,
        "nonce": chance.choice([0, 1, 127, 128, 2**40, NONCE_MAX - 1, NONCE_MAX]),
        "gas": chance.choice([21_000, 53_000, 100_000, 10**7]),
        "value": chance.choice([0, 1, 10**18]),
        "to": chance.choice([RECIPIENT, ""]),
        "data": chance.choice([b"", b"\0", b"\x01", b"\x7f", b"\x80", chance.randbytes(chance.choice([40, 56, 300]))]),
    }
    if kind == 2:
        tip = chance.choice([0, 5])
        fields |= {"type": 2, "maxFeePerGas": chance.choice([tip, 9]), "maxPriorityFeePerGas": tip}
    else:
        fields |= {"gasPrice": chance.choice([0, 7]), **({"type": 1} if kind else {})}
    if kind:
        slots = [chance.choice([0, 1, 1 << 255]).to_bytes(32).hex() for _ in range(chance.randrange(3))]
        fields["accessList"] = [{"address": RECIPIENT, "storageKeys": ["0x" + one for one in slots]}][
            : chance.randrange(2)
        ]
    return fields


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """The transaction with one byte, one length, one field or its end changed."""
    kind = raw[:1] if raw[0] < 0x80 else b""
    how = chance.randrange(8)
    if how == 0:
        place = chance.randrange(len(raw))
        return raw[:place] + bytes([chance.randrange(256)]) + raw[place + 1 :]
    if how == 1:
        return raw[: chance.randrange(len(raw))]
    if how == 2:
        return raw + chance.randbytes(chance.randint(1, 3))
    if how == 3:
        return bytes([chance.randrange(256)]) + raw[len(kind) :]
    fields = rlp.decode(raw[len(kind) :])
    place = chance.randrange(len(fields))
    field = fields[place]
    if how == 4:
        # One field written in another way than the one: a leading zero, a longer one, none.
        fields[place] = chance.choice(
            [b"\0" + field if isinstance(field, bytes) else b"", b"", b"\0", b"\x01" * 33, b"\x01" * 2_000]
        )
    elif how == 5:
        fields[place] = chance.choice([[], [b""], [[RECIPIENT.encode(), []]], [[b"\x01" * 20, [b"\x01"]]]])
    elif how == 6:
        word = chance.choice([0, 1, 27, 28, CURVE_ORDER, CURVE_ORDER - 1, HALF_CURVE_ORDER, HALF_CURVE_ORDER + 1])
        fields[chance.choice([-1, -2, -3])] = word.to_bytes((word.bit_length() + 7) // 8)
    else:
        fields = chance.choice([fields[:-1], [*fields, b""], fields[1:]])
    return kind + bytes(rlp.encode(fields))


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_transaction_is_taken_or_refused_as_py_evm_reads_it(kind: int) -> None:
    chance = random.Random(kind)
    account = Account.from_key(KEY)
    taken = refused = 0
    for _ in range(60):
        raw = bytes(account.sign_transaction(fields_of(kind, chance)).raw_transaction)
        for one in [raw, *(mutated(raw, chance) for _ in range(12))]:
            said = ours(one)
            assert said == reference(one), one.hex()
            taken += len(said) > 1
            refused += len(said) == 1
    assert taken > 50 and refused > 300


def test_a_string_in_two_ways_is_read_in_one_only() -> None:
    raw = bytes(Account.from_key(KEY).sign_transaction(fields_of(0, random.Random(4)) | {"nonce": 1}).raw_transaction)
    items = rlp.decode(raw)
    body = b"".join(rlp.encode(item) for item in items[1:])
    for nonce in (b"\x81\x01", b"\xb8\x01\x01", b"\x82\x00\x01"):
        payload = nonce + body
        other = b"\xf8" + bytes([len(payload)]) + payload if len(payload) < 256 else b""
        other = other or b"\xf9" + len(payload).to_bytes(2) + payload
        assert ours(other) == reference(other) and len(ours(other)) == 1


@pytest.mark.parametrize("said", ["0x", "0x00", "0xAb", "0xab" * 1, "0x" + "0f" * 4_000])
def test_hex_is_read_whole(said: str) -> None:
    assert requests.octets(said) == bytes.fromhex(said[2:])


@pytest.mark.parametrize(
    "said", ["", "00", "0X00", "0x0", "0x0g", "0x00 ", "0x 00", "0x00\n", "0x０0", "0x0_0", "0xé0", b"0x00", None, 7]
)
def test_what_is_not_hex_is_refused(said: object) -> None:
    with pytest.raises(requests.Misread, match="not bytes in hex after 0x"):
        requests.octets(said)
