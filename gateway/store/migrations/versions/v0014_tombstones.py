"""What was erased is remembered by its digest, so that it does not come back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """A new table; nothing was erased yet."""
    op.create_table(
        "tombstones",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("record_id", sa.String(43), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("erasure", sa.String(43), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("record_id", "digest", name="tombstones_disclosure"),
    )


def downgrade() -> None:
    """The way back: what was erased stays gone here, and may come back from elsewhere."""
    op.drop_table("tombstones")
