"""Webhooks keep what they want told, which secret signs their posts, and a log of their deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Webhooks of before want everything, and have the first of their secrets."""
    for name in ("types", "rules", "severities"):
        op.add_column("webhooks", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("webhooks", sa.Column("secret_number", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("webhooks", sa.Column("secret_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "webhook_deliveries",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("webhook", sa.String(22), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
    )
    op.create_index("webhook_deliveries_webhook", "webhook_deliveries", ["webhook", "number"])


def downgrade() -> None:
    """The way back: the log is lost, and every webhook is told everything."""
    op.drop_table("webhook_deliveries")
    for name in ("secret_at", "secret_number", "severities", "rules", "types"):
        op.drop_column("webhooks", name)
