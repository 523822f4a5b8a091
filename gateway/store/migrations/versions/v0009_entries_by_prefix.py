"""Entries are found by what all lanes of their consignment begin with: an index of whole tags would not find them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_entries = sa.table("entries", sa.column("tag", sa.LargeBinary), sa.column("prefix", sa.LargeBinary))


def upgrade() -> None:
    """The prefix stands beside the tag, and is indexed in its place."""
    op.drop_index("ix_entries_tag", "entries")
    op.add_column("entries", sa.Column("prefix", sa.LargeBinary(8), nullable=False, server_default=sa.text("''")))
    op.get_bind().execute(sa.update(_entries).values(prefix=sa.func.substr(_entries.c.tag, 1, 8)))
    op.create_index("ix_entries_prefix", "entries", ["prefix"])


def downgrade() -> None:
    """The way back."""
    op.drop_index("ix_entries_prefix", "entries")
    op.drop_column("entries", "prefix")
    op.create_index("ix_entries_tag", "entries", ["tag"])
