"""The genesis block of a QBFT network with free gas, as each engine wants it written.

Both engines get the same chain: the same validators in `extraData`, London rules where the engine knows them, a base
fee that stays zero, and room for a full batch in a transaction (98,539 bytes). Sources: the engines' manuals on QBFT
and free gas networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from chain.errors import Malformed
from chain.proof.header import BFT_MIX_HASH, VALIDATORS_MAX, Extra

GAS_LIMIT = 60_000_000
BLOCK_PERIOD_S = 1
ROUND_TIMEOUT_S = 4
EPOCH_BLOCKS = 30_000
TRANSACTION_KB_MAX = 128
CODE_KB_MAX = 64
FUNDER_WEI = 10**24
"""Gas costs nothing, but some engines want to see a balance."""
VALIDATORS_MIN = 4
"""With fewer no validator may fail: QBFT bears f faults among 3f + 1."""


class Engine(Enum):
    """An engine that runs QBFT."""

    BESU = "besu"
    GOQUORUM = "goquorum"


def extra_data(validators: Sequence[bytes]) -> bytes:
    """The `extraData` of block 0: the validators in ascending order, round 0, no seals."""
    if not VALIDATORS_MIN <= len(set(validators)) == len(validators) <= VALIDATORS_MAX:
        raise Malformed("validators", f"must be {VALIDATORS_MIN} to {VALIDATORS_MAX}, each once", value=len(validators))
    return Extra(vanity=bytes(32), validators=tuple(sorted(validators)), vote=[], round=0, seals=()).format()


def genesis(engine: Engine, *, chain_id: int, timestamp: int, validators: Sequence[bytes], funder: str) -> Any:
    """The genesis file of that engine as JSON values; `timestamp` in Unix seconds, `funder` an address."""
    config = _besu(chain_id) if engine is Engine.BESU else _goquorum(chain_id)
    block: dict[str, Any] = {
        "config": config,
        "nonce": "0x0",
        "timestamp": hex(timestamp),
        "extraData": "0x" + extra_data(validators).hex(),
        "gasLimit": hex(GAS_LIMIT),
        "difficulty": "0x1",
        "mixHash": "0x" + BFT_MIX_HASH.hex(),
        "coinbase": "0x" + "0" * 40,
        "alloc": {funder.removeprefix("0x").lower(): {"balance": hex(FUNDER_WEI)}},
    }
    if engine is Engine.BESU:
        block["baseFeePerGas"] = "0x0"
    return block


def _besu(chain_id: int) -> dict[str, Any]:
    return {
        "chainId": chain_id,
        "londonBlock": 0,
        "zeroBaseFee": True,
        "contractSizeLimit": CODE_KB_MAX * 1024,
        "qbft": {
            "blockperiodseconds": BLOCK_PERIOD_S,
            "epochlength": EPOCH_BLOCKS,
            "requesttimeoutseconds": ROUND_TIMEOUT_S,
        },
    }


def _goquorum(chain_id: int) -> dict[str, Any]:
    forks = (
        "homestead",
        "eip150",
        "eip155",
        "eip158",
        "byzantium",
        "constantinople",
        "petersburg",
        "istanbul",
        "muirGlacier",
        "berlin",
    )
    return {
        "chainId": chain_id,
        **{f"{fork}Block": 0 for fork in forks},
        "isQuorum": True,
        "maxCodeSizeConfig": [{"block": 0, "size": CODE_KB_MAX}],
        "txnSizeLimit": TRANSACTION_KB_MAX,
        "qbft": {
            "epochlength": EPOCH_BLOCKS,
            "blockperiodseconds": BLOCK_PERIOD_S,
            "requesttimeoutseconds": ROUND_TIMEOUT_S,
            "policy": 0,
            # Quorum is ceil(2n/3) from the first block on, as the proofs demand.
            "ceil2Nby3Block": 0,
            "validatorcontractaddress": "0x" + "0" * 40,
        },
    }
