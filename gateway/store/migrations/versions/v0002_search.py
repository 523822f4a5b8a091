"""What consignments can be found by: facts of their records, and which members they concern."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Two derived tables; they can be filled again from `records`."""
    op.create_table(
        "search_facts",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(64), primary_key=True),
        sa.Column("ucr", sa.String(64), primary_key=True),
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
    )
    op.create_index("search_facts_of_consignment", "search_facts", ["ucr", "kind", "value"])
    op.create_table(
        "search_concerns",
        sa.Column("whom", sa.String(20), primary_key=True),
        sa.Column("ucr", sa.String(64), primary_key=True),
    )


def downgrade() -> None:
    """The way back; nothing is lost that could not be derived again."""
    op.drop_table("search_concerns")
    op.drop_table("search_facts")
