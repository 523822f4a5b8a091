"""Sides of mandates, so that intake finds whom a broker acts for without opening payloads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """A new table; no store holds a mandate yet: they came with this edition."""
    op.create_table(
        "mandates",
        sa.Column(
            "record_seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.ForeignKey("records.seq"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("principal", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(16), nullable=False),
        sa.Column("offer", sa.String(43)),
        sa.Column("withdraws", sa.Boolean(), nullable=False),
        sa.Column("starts", sa.String(10), nullable=False),
        sa.Column("ends", sa.String(10), nullable=False),
        sa.Column("offices", sa.Text(), nullable=False),
        sa.Column("goods", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    """The way back: records keep saying their mandates, and nobody looks for them."""
    op.drop_table("mandates")
