"""Commit seals: did a quorum of exactly these validators seal this header?

Quorum is ceil(2n/3). A seal is r ‖ s ‖ v over the seal hash, secp256k1, v 0 or 1, s at most half the group's order. A
seal by an outsider, a second seal by the same validator, high s, another v, and validators in the header other than the
expected ones are faults of the whole header, not seals to skip.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from coincurve import PublicKey

from chain.errors import Malformed
from chain.proof.hashes import keccak256
from chain.proof.header import BFT_MIX_HASH, SEAL_BYTES, Header

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class MalformedSeal(Malformed):
    """A header that its validators did not seal as QBFT demands."""


def quorum(validators: int) -> int:
    """How many seals a block of so many validators needs: ceil(2n/3)."""
    return -(-2 * validators // 3)


def recover_signer(seal: bytes, seal_hash: bytes) -> bytes:
    """The address whose key made this seal over `seal_hash`. Raises MalformedSeal where it is not canonical."""
    if len(seal) != SEAL_BYTES:
        raise MalformedSeal("seal", f"must have {SEAL_BYTES} bytes", value=len(seal))
    r, s, v = int.from_bytes(seal[:32], "big"), int.from_bytes(seal[32:64], "big"), seal[64]
    if v not in (0, 1):
        raise MalformedSeal("seal", "v must be 0 or 1", value=v)
    if not 0 < r < SECP256K1_ORDER or not 0 < s < SECP256K1_ORDER:
        raise MalformedSeal("seal", "r and s lie between 1 and the group's order")
    if s > SECP256K1_ORDER // 2:
        raise MalformedSeal("seal", "s must be the lower of its two values")
    try:
        key = PublicKey.from_signature_and_message(seal, seal_hash, hasher=None)
    except Exception as fault:  # coincurve raises plain Exception where no point has this r
        raise MalformedSeal("seal", "is no signature over this header") from fault
    return keccak256(key.format(compressed=False)[1:])[12:]


def verify_seals(header: Header, validators: Collection[bytes], *, exactly_quorum: bool = False) -> tuple[bytes, ...]:
    """The signers of a header that a quorum of exactly `validators` sealed; raises MalformedSeal for any fault.

    `exactly_quorum` demands the form that bundles carry: no more seals than needed, by ascending signer address.
    """
    extra = header.extra
    if header.mix_hash != BFT_MIX_HASH:
        raise MalformedSeal("mixHash", "must be the BFT constant", value=header.mix_hash.hex())
    expected = set(validators)
    if len(extra.validators) != len(expected) or set(extra.validators) != expected:
        raise MalformedSeal("validators", "the header's validators are not the expected ones")
    needed = quorum(len(expected))
    if not expected or len(extra.seals) < needed:
        raise MalformedSeal("seals", f"a quorum of {len(expected)} is {needed} seals", value=len(extra.seals))
    if len(extra.seals) > len(expected):
        raise MalformedSeal("seals", "there are more seals than validators", value=len(extra.seals))
    signers = tuple(recover_signer(seal, header.seal_hash) for seal in extra.seals)
    for signer in signers:
        if signer not in expected:
            raise MalformedSeal("seals", "an outsider sealed", value="0x" + signer.hex())
    if len(set(signers)) != len(signers):
        raise MalformedSeal("seals", "one validator sealed twice")
    if exactly_quorum and (len(signers) != needed or list(signers) != sorted(signers)):
        raise MalformedSeal("seals", f"a bundle carries exactly {needed}, by ascending signer", value=len(signers))
    return signers


def trimmed(header: Header) -> Header:
    """The same block with exactly a quorum of its seals, those of the lowest signers, ascending: the form in bundles.

    Raises MalformedSeal where the header's own validators did not seal it properly.
    """
    extra = header.extra
    signers = verify_seals(header, extra.validators)
    by_signer = sorted(zip(signers, extra.seals, strict=True))
    kept = tuple(seal for _, seal in by_signer[: quorum(len(extra.validators))])
    return header.with_extra(replace(extra, seals=kept))
