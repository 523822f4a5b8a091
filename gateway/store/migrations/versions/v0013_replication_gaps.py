"""Batches of which other gateways' records are missing here are noted, and tried again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """A new table; nothing is missing yet that is known of."""
    op.create_table(
        "replication_gaps",
        sa.Column("batch_index", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("ix_replication_gaps_next_at", "replication_gaps", ["next_at"])


def downgrade() -> None:
    """The way back: what was missing is still missing, and nobody notes it."""
    op.drop_table("replication_gaps")
