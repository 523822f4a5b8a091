"""Whom a consignment may concern: asked before anything of it is looked at, so that time tells a stranger nothing.

A view, a number or a file that is there costs milliseconds to join and to judge; one that is not there costs none. So
for a reader whom the policy shows nothing at large, the store gives only what may concern it: `search_concerns` names
more than take part in a consignment, never fewer, and the policy decides among those. Facts of a large upload that
were accepted and not flushed yet are looked at where they wait.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chain.errors import NotFound
from gateway.access.policy import Condition, ViewPolicy
from gateway.access.records import Reader
from gateway.search_index.facts import unpack_findable
from gateway.store.search import concerns, waiting_facts
from gateway.store.store import Transaction


def whom_of(reader: Reader, sponsored: Collection[str] = ()) -> list[str]:
    """Under which names a consignment may concern this reader: as itself, sponsor or customs district."""
    return [reader.member, *sorted(sponsored), *sorted(reader.districts)]


def whom_unless_at_large(
    policy: ViewPolicy, reader: Reader, sponsored: Collection[str], *sections: Collection[str]
) -> list[str] | None:
    """Whom a consignment must concern for this reader; None for one whom the policy shows any, with each of these."""
    at_large = policy.may_see_consignment(reader.roles, {Condition.ALWAYS})
    if at_large and all(policy.shows_at_large(reader.roles, names) for names in sections):
        return None
    return whom_of(reader, sponsored)


def require_concern(connection: Transaction, ucr: str, prefixes: Sequence[bytes], whom: Sequence[str]) -> None:
    """Raises NotFound unless the consignment, whose lanes have these prefixes, may concern one of these names."""
    # Both are asked always: the time must not tell which of them knew.
    waiting = waiting_facts(connection, prefixes)
    is_settled = concerns(connection, ucr, whom)
    if not is_settled and not any(tells_concern(facts, ucr, whom) for facts in waiting):
        raise NotFound("consignment", ucr)


def tells_concern(facts: bytes, ucr: str, whom: Sequence[str]) -> bool:
    """Whether facts that wait say that the consignment may concern one of these names."""
    return any(of == ucr and name in whom for name, of in unpack_findable(facts).concerns)
