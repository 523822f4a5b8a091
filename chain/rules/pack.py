"""The rule pack: every rule of this version, in one import."""

from __future__ import annotations

from chain.rules import (
    carriage_rules,
    event_rules,
    goods_rules,
    identity_rules,
    party_rules,
    rebate_rules,
    shared_rules,
    status_rules,
    tax_rules,
    trade_rules,
    voyage_rules,
)
from chain.rules.frame import RULES, Case, Evaluation, evaluate
from chain.rules.parameters import RULES_VERSION

RULE_MODULES = (
    identity_rules,
    goods_rules,
    carriage_rules,
    voyage_rules,
    event_rules,
    party_rules,
    trade_rules,
    tax_rules,
    rebate_rules,
    shared_rules,
    status_rules,
)
"""Modules whose import adds their rules to `RULES`."""

__all__ = ["RULES", "RULES_VERSION", "RULE_MODULES", "Case", "Evaluation", "evaluate"]
