"""What is answered about single records beside their own view."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProvedLaneLine(_Answer):
    """One UCR of a record in one epoch of tag keys."""

    ucr: str
    purpose: str
    """`ucr`, or `access` for a record of reads."""
    epoch: int
    """Index of the tag key in the registry, from 0."""
    vrf_proof: str
    """RFC 9381 proof in base64url; the lane's tag follows from its output and the issuer."""


class LaneProofAnswer(_Answer):
    """In which lanes a record belongs; the file that `tongguan audit --lane-proof` reads."""

    format: str
    record: str
    issuer: str
    """USCC."""
    lanes: list[ProvedLaneLine]
