"""Operators may be known by a subject of their member's identity provider, kept under the store's key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Nobody is known so yet."""
    op.create_table(
        "operator_identities",
        sa.Column("look_up", sa.LargeBinary(32), primary_key=True),
        sa.Column("operator", sa.String(22), sa.ForeignKey("operators.id"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_operator_identities_operator", "operator_identities", ["operator"])


def downgrade() -> None:
    """The way back: people log in with passkeys again, or are invited anew."""
    op.drop_table("operator_identities")
