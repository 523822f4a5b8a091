"""The types in which a consignment's findings are answered rule by rule."""

from __future__ import annotations

from typing import Literal

from gateway.runtime.answer import Answer


class SignedOpinion(Answer, frozen=True, kw_only=True):
    """One desk's newest statement about a rule."""

    by: str
    """USCC of the governor."""
    record: str
    withdrawn: bool
    version: str
    """Version of the rule pack."""
    replayable: bool
    """Whether a verifier can run the rule again; else it is a signed opinion."""
    agrees: bool | None
    """Whether this gateway computes the same at reading time; null where its differences are not seen."""
    at: int
    """When it was anchored, else issued; Unix seconds."""


class DispositionLine(Answer, frozen=True, kw_only=True):
    """What an officer decided."""

    by: str
    record: str
    outcome: str
    """`confirmed`, `cleared` or `ignored`; empty where it is not seen."""
    reason: str
    at: int


class ExplanationLine(Answer, frozen=True, kw_only=True):
    """What the declarant or the trader answered."""

    by: str
    record: str
    text: str
    at: int


class CorroborationSource(Answer, frozen=True, kw_only=True):
    """What one issuer says last of a fact."""

    by: str
    record: str
    value: str


class CorroborationLine(Answer, frozen=True, kw_only=True):
    """How well a fact is supported by independent sources (多证)."""

    fact: str
    """`weight`, `packages`, `bill`, `containers`, `value`, `parties` or `times`."""
    grade: Literal["agree", "single", "contradict"]
    sources: list[CorroborationSource]


class OpinionLine(Answer, frozen=True, kw_only=True):
    """One rule's finding: who signed it, who took it back, what this gateway computes unsigned, what became of it."""

    rule: str
    """Id of the rule, such as `C06`."""
    severity: str
    state: Literal["open", "confirmed", "cleared", "ignored", "withdrawn", "unsigned"]
    """`unsigned`: this gateway computes it, and no governor has said it."""
    reopened: bool
    """Whether an officer had decided, and the facts changed since."""
    computed_here: bool
    signed: list[SignedOpinion]
    disposition: DispositionLine | None
    explanations: list[ExplanationLine]
    opened_at: int | None
    changed_at: int | None
