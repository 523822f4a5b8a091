"""Statistics: counts by cell, and what each consignment adds to them; all of it is counted from what is there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Both empty: a starting gateway counts every consignment once."""
    op.create_table(
        "statistics",
        sa.Column("measure", sa.String(24), primary_key=True),
        sa.Column("dimension", sa.String(12), primary_key=True),
        sa.Column("value", sa.String(12), primary_key=True),
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("bucket", sa.String(12), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consignment_figures",
        sa.Column("ucr", sa.String(64), primary_key=True),
        sa.Column("figures", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    """The way back: what was counted is lost, and the counters start again."""
    op.execute("DELETE FROM marks WHERE name LIKE 'statistics_%'")
    op.drop_table("consignment_figures")
    op.drop_table("statistics")
