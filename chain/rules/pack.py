"""The rule pack: every rule of this version in one import, and the hash by which the members agree on it.

A pack is a version (its rules and parameters) and the roots of its reference tables. Its hash stands in the registry
under `rule-pack`, by block, so that a finding can be judged by what was agreed when it was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from hashlib import sha256
from typing import Final

from chain.encoding import format_json
from chain.rules import (
    carriage_rules,
    event_rules,
    goods_rules,
    identity_rules,
    mandate_rules,
    party_rules,
    payment_rules,
    rebate_rules,
    shared_rules,
    status_rules,
    tax_rules,
    trade_rules,
    voyage_rules,
)
from chain.rules.frame import RULES, Case, Evaluation, evaluate
from chain.rules.parameters import DEFAULTS, RULES_VERSION
from chain.rules.replayable import FORMS

RULE_MODULES = (
    identity_rules,
    goods_rules,
    carriage_rules,
    voyage_rules,
    event_rules,
    party_rules,
    mandate_rules,
    trade_rules,
    tax_rules,
    payment_rules,
    rebate_rules,
    shared_rules,
    status_rules,
)
"""Modules whose import adds their rules to `RULES`."""

PACK_FORMAT: Final = "tongguan-rule-pack/1"


@lru_cache(maxsize=1)
def rules_digest() -> str:
    """SHA-256 over every rule's id, severity and data form, 64 hex digits."""
    rules = [[rule.id, rule.severity, FORMS.get(rule.id)] for rule in sorted(RULES.values(), key=lambda rule: rule.id)]
    return _digest(rules)


@lru_cache(maxsize=1)
def parameters_digest() -> str:
    """SHA-256 over the parameters of `RULES_VERSION` by name, 64 hex digits."""
    return _digest({name: str(value) for name, value in sorted(asdict(DEFAULTS).items())})


def pack_text(table_roots: Mapping[str, str]) -> str:
    """This version's pack with these tables (kind to root): the JSON whose hash the members agree on."""
    return format_json(
        {
            "format": PACK_FORMAT,
            "version": RULES_VERSION,
            "rules": rules_digest(),
            "parameters": parameters_digest(),
            "tables": dict(sorted(table_roots.items())),
        }
    )


def pack_digest(table_roots: Mapping[str, str]) -> bytes:
    """SHA-256 of the pack's text: what stands in the registry."""
    return sha256(pack_text(table_roots).encode()).digest()


def _digest(value: object) -> str:
    return sha256(format_json(value).encode()).hexdigest()


__all__ = [
    "PACK_FORMAT",
    "RULES",
    "RULES_VERSION",
    "RULE_MODULES",
    "Case",
    "Evaluation",
    "evaluate",
    "pack_digest",
    "pack_text",
]
