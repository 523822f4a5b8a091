"""Vectors whose one fault check 4, *contracts*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.members import KeyState, Role
from chain.proof.batch import Purpose
from chain.verify.results import Verdict
from chain.verify.trust_root import LEDGER
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
    two_epochs,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import BROKER, RULES, UCR, rules_text


@vector(Verdict.UNTRUSTED_CHAIN, 4)
def code_altered() -> Made:
    """Another program stands at the ledger's address."""
    it, declaration, _ = declared_and_released()
    root = it.trust_root()
    it.ledger.code_hash = bytes(32)
    return it.record_bundle(declaration).format(), root


@vector(Verdict.INVALID, 4)
def proof_from_another_contract() -> Made:
    """The storage proof is of a ledger at another address."""
    it, declaration, _ = declared_and_released()
    contracts = tuple(
        replace(one, address=b"\x77" * 20) if one.name == LEDGER else one for one in it.trust_root().contracts
    )
    return it.record_bundle(declaration).format(), replace(it.trust_root(), contracts=contracts)


@vector(Verdict.INVALID, 4)
def spare_node() -> Made:
    """The proof is padded with a trie node that nothing needs."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    nodes = tuple(sorted({*bundle.nodes, b"\xc2\x80\x80"}))
    return made_of(it, replace(bundle, nodes=nodes))


@vector(Verdict.INVALID, 4)
def missing_node() -> Made:
    """One trie node is left out."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    return made_of(it, replace(bundle, nodes=bundle.nodes[1:]))


@vector(Verdict.INVALID, 4)
def revocation_hidden() -> Made:
    """The version lists are cut off before the one that revokes the key."""
    it, declaration, _ = declared_and_released()
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    bundle = it.record_bundle(declaration)
    keys = tuple(replace(one, versions=tuple(i for i in one.versions if i < 2)) for one in bundle.keys)
    return made_of(it, replace(bundle, keys=keys))


@vector(Verdict.INVALID, 4)
def epoch_kept_from_view() -> Made:
    """The newest tag key is left out, and with it the lanes of its epoch: the registry holds one more."""
    it, first, _ = two_epochs()
    groups = [it.group_of(Purpose.UCR, UCR, 0)]
    bundle = it.bundle(UCR, [it.to_show(first)], groups)
    return made_of(it, replace(bundle, epochs=1))


@vector(Verdict.INVALID, 4)
def record_rules_altered() -> Made:
    """The text of the record rules is another than the one whose hash the registry holds."""
    it, declaration, _ = declared_and_released()
    text = rules_text({**RULES, "customs.declaration": Role.BANK})
    return made_of(it, replace(it.record_bundle(declaration), texts=(text,)))


@vector(Verdict.INVALID, 4)
def authority_left_out() -> Made:
    """The list of authorities lacks its last change: it is not the one whose hash the registry holds."""
    it, _, _ = declared_and_released()
    bundle = it.consignment_bundle()
    assert bundle.authorities is not None
    return made_of(it, replace(bundle, authorities=bundle.authorities[:-1]))


@vector(Verdict.UNTRUSTED_CHAIN, 4)
def contract_unknown_for_the_block() -> Made:
    """The trust root names the ledger from a later block on alone."""
    it, declaration, _ = declared_and_released()
    contracts = tuple(
        replace(one, from_block=it.block + 1) if one.name == LEDGER else one for one in it.trust_root().contracts
    )
    return it.record_bundle(declaration).format(), replace(it.trust_root(), contracts=contracts)


@vector(Verdict.UNTRUSTED_CHAIN, 4)
def no_contract_at_the_address() -> Made:
    """At the address that the trust root names for the ledger stands nothing, and that is proved."""
    it, declaration, _ = declared_and_released()
    address = b"\x77" * 20
    contracts = tuple(replace(one, address=address) if one.name == LEDGER else one for one in it.trust_root().contracts)
    bundle = it.record_bundle(declaration)
    nodes = tuple(sorted({*bundle.nodes, *it.path_to(address)}))
    return replace(bundle, nodes=nodes).format(), replace(it.trust_root(), contracts=contracts)
