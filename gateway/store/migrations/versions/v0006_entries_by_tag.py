"""Entries are found by their tag alone: digests are random, and an index of them cost half a page a record."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """One index less."""
    op.drop_index("ix_entries_entry_digest", "entries")


def downgrade() -> None:
    """The way back."""
    op.create_index("ix_entries_entry_digest", "entries", ["entry_digest"])
