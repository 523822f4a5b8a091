"""What whoever runs the gateway did stands in a log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The log, empty."""
    op.create_table(
        "operator_log",
        sa.Column("number", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("member", sa.String(18), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    op.create_index("operator_log_member", "operator_log", ["member", "number"])
    op.create_index("operator_log_action", "operator_log", ["action", "number"])


def downgrade() -> None:
    """The way back."""
    op.drop_table("operator_log")
