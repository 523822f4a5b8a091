"""Sides of mandates as the store finds them by lane: who they bind is keyed, as every number is (`look_ups`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from chain.mandates import MANDATE_TYPE, MandateTerms, MandateText
from gateway.store.look_ups import LookUpKey, look_ups_of
from gateway.store.model import entries, mandates, records
from gateway.store.rows import insert_rows

IN_MAX = 500
"""Tags in one question to the store."""
ANCHORED_BLOCK = 1
"""Stands for whatever block anchored a side: intake asks about a block to come."""
_KIND = "mandate"
_COLUMNS = ("record_seq", "principal", "agent", "offer", "withdraws", "starts", "ends", "offices", "goods")


@dataclass(frozen=True)
class StoredSide:
    """One side of a mandate, as `chain.mandates.find_mandates` takes it; companies are keyed (`party_key`)."""

    record_id: str
    issuer: str
    block: int
    """`ANCHORED_BLOCK`, or 0 where no block has anchored it yet."""
    mandate: MandateText
    replaces: str | None
    withdraws: bool
    record_type: str = MANDATE_TYPE

    @property
    def names(self) -> tuple[str, ...]:
        """Intake takes no side that does not name both."""
        return (self.mandate.terms.principal, self.mandate.terms.agent)


def party_key(key: LookUpKey, uscc: str) -> str:
    """What stands for a company in these rows, 16 characters."""
    return key.of_fact(_KIND, uscc)


def insert_sides(connection: Connection, sides: Iterable[tuple[int, MandateText, bool]]) -> None:
    """Writes sides: the sequence number of the record, what it says, whether it withdraws one."""
    key = look_ups_of(connection)
    rows = []
    for seq, text, withdraws in sides:
        terms = text.terms
        parties = party_key(key, terms.principal), party_key(key, terms.agent)
        lists = " ".join(terms.offices), " ".join(terms.goods)
        rows.append((seq, *parties, text.offer, withdraws, terms.starts, terms.ends, *lists))
    insert_rows(connection, mandates, _COLUMNS, rows)


def find_sides(connection: Connection, tags: Collection[bytes]) -> dict[bytes, list[StoredSide]]:
    """The sides of mandates in these lanes, by tag; lanes without any are left out."""
    key = look_ups_of(connection)
    wanted = list(dict.fromkeys(tags))
    sides: dict[bytes, list[StoredSide]] = {}
    for start in range(0, len(wanted), IN_MAX):
        question = (
            select(entries.c.tag, records.c.record_id, records.c.iss, records.c.amends, records.c.batch_index, mandates)
            .join(mandates, mandates.c.record_seq == entries.c.record_seq)
            .join(records, records.c.seq == entries.c.record_seq)
            .where(entries.c.tag.in_(wanted[start : start + IN_MAX]))
        )
        for row in connection.execute(question):
            offices, goods = tuple(row.offices.split()), tuple(row.goods.split())
            terms = MandateTerms(row.principal, row.agent, row.starts, row.ends, offices, goods)
            # What ends a mandate is heeded from its acceptance on: nobody may declare by it any more.
            is_begun = row.batch_index is not None or row.amends is not None
            sides.setdefault(bytes(row.tag), []).append(
                StoredSide(
                    row.record_id,
                    party_key(key, row.iss),
                    ANCHORED_BLOCK if is_begun else 0,
                    MandateText(terms, row.offer),
                    row.amends,
                    bool(row.withdraws),
                )
            )
    return sides
