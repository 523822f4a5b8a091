"""What `audit.erasure` records say is kept by the record that they erase, until it was done here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """A new table; no record of that type stood in an older store."""
    op.create_table(
        "erasures",
        sa.Column("record_seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.ForeignKey("records.seq")),
        sa.Column("record_id", sa.String(43), nullable=False),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("record_seq", "record_id"),
    )
    is_open = sa.text("NOT is_settled")
    op.create_index("erasures_open", "erasures", ["record_seq"], sqlite_where=is_open, postgresql_where=is_open)


def downgrade() -> None:
    """The way back: what was not erased yet stays; tombstones stand."""
    op.drop_table("erasures")
