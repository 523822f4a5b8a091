"""Numbers are looked up by keyed hashes: new tables, which `gateway.store.clear_rows` fills at the next start."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CLEAR = ("record_references", "cited_documents", "search_facts", "search_waiting")
_KEYED = ("keyed_references", "keyed_documents", "keyed_facts", "sealed_facts")


def upgrade() -> None:
    """The tables that hold no number in clear; of the old ones, those that are empty go at once."""
    op.create_table(
        "store_keys",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "keyed_references",
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
        sa.Column("ordinal", sa.SmallInteger(), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("said_on", sa.String(10), nullable=False),
        sa.Column("look_up", sa.BigInteger(), nullable=False),
        sa.Column("look_up_rest", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("keyed_references_look_up", "keyed_references", ["look_up"])
    op.create_table(
        "keyed_documents",
        sa.Column("look_up", sa.LargeBinary(32), primary_key=True),
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
    )
    op.create_index("ix_keyed_documents_record_seq", "keyed_documents", ["record_seq"])
    op.create_table(
        "keyed_facts",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(64), primary_key=True),
        sa.Column("ucr", sa.String(64), primary_key=True),
        sa.Column("record_seq", _SEQUENCE, primary_key=True),
        sqlite_with_rowid=False,
    )
    is_day = sa.text("kind = 'day'")
    op.create_index("keyed_facts_days", "keyed_facts", ["ucr", "value"], sqlite_where=is_day, postgresql_where=is_day)
    op.create_table(
        "sealed_facts",
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
    )
    for name in _CLEAR:
        if _is_empty(name):
            op.drop_table(name)


def downgrade() -> None:
    """The way back, of an empty store alone: a hash does not tell its number."""
    for name in _KEYED:
        if not _is_empty(name):
            raise RuntimeError("a store that holds records cannot go back to numbers in clear: restore a backup")
    for name in (*_KEYED, "store_keys"):
        op.drop_table(name)
    there = sa.inspect(op.get_bind()).get_table_names()
    for name, create in (
        ("record_references", _create_references),
        ("cited_documents", _create_documents),
        ("search_facts", _create_facts),
        ("search_waiting", _create_waiting),
    ):
        if name not in there:
            create()


def _is_empty(name: str) -> bool:
    return op.get_bind().execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)).first() is None


def _create_references() -> None:
    op.create_table(
        "record_references",
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
        sa.Column("ordinal", sa.SmallInteger(), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("said_on", sa.String(10), nullable=False),
        sa.Column("look_up", sa.BigInteger(), nullable=False, server_default="0"),
        sqlite_with_rowid=False,
    )
    op.create_index("record_references_look_up", "record_references", ["look_up"])


def _create_documents() -> None:
    op.create_table(
        "cited_documents",
        sa.Column("sha256", sa.LargeBinary(32), primary_key=True),
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
    )
    op.create_index("ix_cited_documents_record_seq", "cited_documents", ["record_seq"])


def _create_facts() -> None:
    op.create_table(
        "search_facts",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(64), primary_key=True),
        sa.Column("ucr", sa.String(64), primary_key=True),
        sa.Column("record_seq", _SEQUENCE, primary_key=True),
        sqlite_with_rowid=False,
    )
    is_day = sa.text("kind = 'day'")
    op.create_index("search_days", "search_facts", ["ucr", "value"], sqlite_where=is_day, postgresql_where=is_day)


def _create_waiting() -> None:
    op.create_table(
        "search_waiting",
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
    )
