"""Accepted records, their entries, references and documents; the sealer's outbox; leases and used assertions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The first schema."""
    _create_batches()
    _create_records()
    _create_parts_of_records()
    _create_desk()


def downgrade() -> None:
    """The way back, which loses every record."""
    for table in (
        "used_assertions",
        "leases",
        "marks",
        "cited_documents",
        "record_references",
        "entries",
        "records",
        "batches",
    ):
        op.drop_table(table)


def _create_batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("batch_id", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.Column("gateway", sa.String(42), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("nonce", sa.BigInteger()),
        sa.Column("raw_tx", sa.LargeBinary()),
        sa.Column("batch_index", sa.BigInteger()),
        sa.Column("block", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    _create_partial_index("batches_open", "batches", "id", "state = 'open'")


def _create_records() -> None:
    op.create_table(
        "records",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("record_id", sa.String(43), nullable=False, unique=True),
        sa.Column("iss", sa.String(18), nullable=False),
        sa.Column("jti", sa.String(64), nullable=False),
        sa.Column("vct", sa.String(64), nullable=False),
        sa.Column("kid", sa.String(43), nullable=False),
        sa.Column("iat", sa.BigInteger(), nullable=False),
        sa.Column("amends", sa.String(43)),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("jwt", sa.LargeBinary(), nullable=False),
        sa.Column("disclosures", sa.LargeBinary()),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("anchor_by", sa.BigInteger(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("batch", _SEQUENCE, sa.ForeignKey("batches.id")),
        sa.Column("batch_index", sa.BigInteger()),
        sa.UniqueConstraint("iss", "jti", name="records_iss_jti"),
    )
    op.create_index("ix_records_amends", "records", ["amends"])
    op.create_index("ix_records_batch", "records", ["batch"])
    op.create_index("records_of_issuer", "records", ["iss", "seq"])
    _create_partial_index("records_uncovered", "records", "batch_index", "state = 'anchored'")
    _create_partial_index("records_waiting", "records", "seq", "state = 'accepted'")


def _create_parts_of_records() -> None:
    op.create_table(
        "entries",
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
        sa.Column("ordinal", sa.SmallInteger(), primary_key=True),
        sa.Column("ucr", sa.String(64), nullable=False),
        sa.Column("tag", sa.LargeBinary(16), nullable=False),
        sa.Column("entry_digest", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("ix_entries_tag", "entries", ["tag"])
    op.create_index("ix_entries_entry_digest", "entries", ["entry_digest"])
    op.create_table(
        "record_references",
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
        sa.Column("ordinal", sa.SmallInteger(), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("said_on", sa.String(10), nullable=False),
    )
    op.create_index("record_references_value", "record_references", ["value", "kind"])
    op.create_table(
        "cited_documents",
        sa.Column("sha256", sa.LargeBinary(32), primary_key=True),
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
    )
    op.create_index("ix_cited_documents_record_seq", "cited_documents", ["record_seq"])


def _create_desk() -> None:
    op.create_table(
        "marks",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "used_assertions",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_used_assertions_until", "used_assertions", ["until"])


def _create_partial_index(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
