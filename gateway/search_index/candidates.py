"""Whom a consignment may concern: asked before anything of it is looked at, so that time tells a stranger nothing.

A view, a number or a file that is there costs milliseconds to join and to judge; one that is not there costs none. So
for a reader whom the policy shows nothing at large, the store gives only what may concern it: `search_concerns` names
more than take part in a consignment, never fewer, and the policy decides among those. Facts of a large upload that
were accepted and not spread yet are looked at where they wait.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, func, literal, select

from chain.errors import NotFound
from chain.members import Role
from gateway.access.participation import DISTRICT_CHARS
from gateway.access.policy import Condition, ViewPolicy
from gateway.consignment.records import Reader
from gateway.search_index.facts import search_concerns, search_waiting, unpack_findable
from gateway.store.model import entries

WAITING_MAX = 2_000
"""Most records of one consignment that wait and are looked at."""

_WHOM = search_concerns.c.whom.in_(bindparam("whom", expanding=True))
_IS_SETTLED = select(search_concerns.c.ucr).where(_WHOM, search_concerns.c.ucr == bindparam("ucr")).limit(1)

first_waiting = select(func.min(search_waiting.c.record_seq)).scalar_subquery()
"""The oldest record whose facts wait; none before it do, so that what is settled is not looked up there."""

_WAITING_OF_TAGS = (
    select(search_waiting.c.facts)
    .join(entries, entries.c.record_seq == search_waiting.c.record_seq)
    .where(entries.c.tag.in_(bindparam("tags", expanding=True)), entries.c.record_seq >= first_waiting)
    .limit(WAITING_MAX)
)


def whom_of(reader: Reader, sponsored: Collection[str] = ()) -> list[str]:
    """Under which names a consignment may concern this reader: as itself, sponsor or customs district."""
    names = [reader.member, *sorted(sponsored)]
    if reader.customs_code:
        names.append(reader.customs_code)
        if Role.CUSTOMS in reader.roles:
            names.append(reader.customs_code[:DISTRICT_CHARS])
    return names


def whom_unless_at_large(
    policy: ViewPolicy, reader: Reader, sponsored: Collection[str], *sections: Collection[str]
) -> list[str] | None:
    """Whom a consignment must concern for this reader; None for one whom the policy shows any, with each of these."""
    at_large = policy.may_see_consignment(reader.roles, {Condition.ALWAYS})
    if at_large and all(policy.shows_at_large(reader.roles, names) for names in sections):
        return None
    return whom_of(reader, sponsored)


def require_concern(connection: Connection, ucr: str, tags: Collection[bytes], whom: Sequence[str]) -> None:
    """Raises NotFound unless the consignment, filed under these tags, may concern one of these names."""
    waiting = connection.execute(_WAITING_OF_TAGS, {"tags": [*tags]}).scalars().all()
    settled = connection.execute(_IS_SETTLED, {"whom": [*whom], "ucr": ucr}).first()
    if settled is None and not any(tells_concern(facts, ucr, whom) for facts in waiting):
        raise NotFound("consignment", ucr)


def concerns_one_of(ucr: ColumnElement[str], whom: Sequence[str]) -> ColumnElement[bool]:
    """Whether the consignment of this column may concern one of these names, as far as facts are spread.

    A subquery for one value, not EXISTS: no database turns it round and begins with what concerns somebody else.
    """
    found = select(literal(1)).where(search_concerns.c.whom.in_(whom), search_concerns.c.ucr == ucr).limit(1)
    return found.scalar_subquery().is_not(None)


def tells_concern(facts: bytes, ucr: str, whom: Sequence[str]) -> bool:
    """Whether facts that wait say that the consignment may concern one of these names."""
    return any(of == ucr and name in whom for name, of in unpack_findable(bytes(facts)).concerns)
