"""A webhook's owner sees why it fails, and one that failed for too long is switched off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Three columns; every webhook stays on."""
    op.add_column("webhooks", sa.Column("last_error", sa.Text(), nullable=False, server_default=""))
    op.add_column("webhooks", sa.Column("failing_since", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("webhooks", sa.Column("off_at", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    """The way back: webhooks that were off are tried again."""
    for name in ("off_at", "failing_since", "last_error"):
        op.drop_column("webhooks", name)
