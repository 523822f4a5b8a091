"""Each payload gets a key of its own, kept apart from it; those of before open as they did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """A new table; payloads of before have no row in it."""
    op.create_table(
        "payload_keys",
        sa.Column("record_seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.ForeignKey("records.seq")),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_seq"),
    )


def downgrade() -> None:
    """The way back: heads stand before their payloads again."""
    connection = op.get_bind()
    asked = (
        "SELECT k.record_seq, k.head, p.disclosures FROM payload_keys k JOIN payloads p ON p.record_seq = k.record_seq"
    )
    for seq, head, body in connection.execute(sa.text(asked)).all():
        if body is not None:
            whole = {"seq": seq, "whole": bytes(head) + bytes(body)}
            connection.execute(sa.text("UPDATE payloads SET disclosures = :whole WHERE record_seq = :seq"), whole)
    op.drop_table("payload_keys")
