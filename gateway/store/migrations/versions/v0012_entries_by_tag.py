"""Entries are found by whole tags, and all lanes of a consignment by the range of tags that begin alike."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_entries = sa.table(
    "entries", sa.column("record_seq"), sa.column("tag", sa.LargeBinary), sa.column("prefix", sa.LargeBinary)
)
_WAITING = ("sealed_facts", "search_waiting")
"""Facts that wait; those of the second, where it is still there, move to the first when the store is opened."""
_lanes = sa.table("search_waiting_lanes", sa.column("prefix"), sa.column("record_seq"))


def upgrade() -> None:
    """The tag is indexed; the prefix, which it begins with, stands apart for records whose facts wait."""
    seq = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "search_waiting_lanes",
        sa.Column("prefix", sa.LargeBinary(8), primary_key=True),
        sa.Column("record_seq", seq, sa.ForeignKey("records.seq"), primary_key=True),
        sqlite_with_rowid=False,
    )
    there = sa.inspect(op.get_bind()).get_table_names()
    for name in there:
        if name in _WAITING:
            waiting = sa.table(name, sa.column("record_seq"))
            rows = sa.select(_entries.c.prefix, _entries.c.record_seq).distinct()
            rows = rows.join(waiting, waiting.c.record_seq == _entries.c.record_seq)
            op.get_bind().execute(sa.insert(_lanes).from_select(["prefix", "record_seq"], rows))
    op.drop_index("ix_entries_prefix", "entries")
    op.drop_column("entries", "prefix")
    op.create_index("ix_entries_tag", "entries", ["tag"])


def downgrade() -> None:
    """The way back."""
    op.drop_index("ix_entries_tag", "entries")
    op.add_column("entries", sa.Column("prefix", sa.LargeBinary(8), nullable=False, server_default=sa.text("''")))
    op.get_bind().execute(sa.update(_entries).values(prefix=sa.func.substr(_entries.c.tag, 1, 8)))
    op.create_index("ix_entries_prefix", "entries", ["prefix"])
    op.drop_table("search_waiting_lanes")
