"""Search facts in one tree with an index for days alone, and a place where facts of bulk uploads wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Emptied, for the gateway fills both tables again from the records when it starts."""
    op.drop_table("search_facts")
    op.execute("DELETE FROM search_concerns")
    op.create_table(
        "search_facts",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(64), primary_key=True),
        sa.Column("ucr", sa.String(64), primary_key=True),
        sa.Column("record_seq", _SEQUENCE, primary_key=True),
        sqlite_with_rowid=False,
    )
    days = sa.text("kind = 'day'")
    op.create_index("search_days", "search_facts", ["ucr", "value"], sqlite_where=days, postgresql_where=days)
    op.create_table(
        "search_waiting",
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    """The way back; nothing is lost that could not be derived again."""
    op.drop_table("search_waiting")
    op.drop_table("search_facts")
    op.execute("DELETE FROM search_concerns")
    op.create_table(
        "search_facts",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(64), primary_key=True),
        sa.Column("ucr", sa.String(64), primary_key=True),
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
    )
    op.create_index("search_facts_of_consignment", "search_facts", ["ucr", "kind", "value"])
