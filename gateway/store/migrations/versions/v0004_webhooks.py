"""Webhook subscriptions: a cursor over the chain's batches for each address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """A new table."""
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(22), primary_key=True),
        sa.Column("member", sa.String(18), nullable=False, index=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    """The way back: every subscription is lost."""
    op.drop_table("webhooks")
