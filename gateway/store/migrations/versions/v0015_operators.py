"""A member's people log in: operators, their one-time links, passkeys and sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """New tables; nobody is enrolled yet."""
    op.create_table(
        "operators",
        sa.Column("id", sa.String(22), primary_key=True),
        sa.Column("member", sa.String(18), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("pseudonym", sa.String(16), nullable=False, unique=True),
        sa.Column("rights", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_operators_member", "operators", ["member"])
    op.create_table(
        "invitations",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("operator", sa.String(22), sa.ForeignKey("operators.id"), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_invitations_operator", "invitations", ["operator"])
    op.create_index("ix_invitations_until", "invitations", ["until"])
    op.create_table(
        "passkeys",
        sa.Column("credential_id", sa.LargeBinary(1023), primary_key=True),
        sa.Column("operator", sa.String(22), sa.ForeignKey("operators.id"), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_passkeys_operator", "passkeys", ["operator"])
    op.create_table(
        "operator_sessions",
        sa.Column("id", sa.String(22), primary_key=True),
        sa.Column("operator", sa.String(22), sa.ForeignKey("operators.id"), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("previous", sa.LargeBinary(32)),
        sa.Column("rotated_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("browser", sa.String(128), nullable=False),
    )
    op.create_index("ix_operator_sessions_operator", "operator_sessions", ["operator"])
    op.create_index("ix_operator_sessions_previous", "operator_sessions", ["previous"])


def downgrade() -> None:
    """The way back: operators are invited again."""
    for table in ("operator_sessions", "passkeys", "invitations", "operators"):
        op.drop_table(table)
