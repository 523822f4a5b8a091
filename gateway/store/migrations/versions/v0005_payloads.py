"""What is written once and long in a table of its own; no index entries for what is not there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LONG = "jwt, disclosures, receipt"


def upgrade() -> None:
    """Payloads move out of `records`; no row is lost."""
    op.create_table(
        "payloads",
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True, autoincrement=False),
        sa.Column("jwt", sa.LargeBinary(), nullable=False),
        sa.Column("disclosures", sa.LargeBinary()),
        sa.Column("receipt", sa.Text(), nullable=False),
    )
    op.execute(f"INSERT INTO payloads (record_seq, {_LONG}) SELECT seq, {_LONG} FROM records")  # noqa: S608
    for column in ("jwt", "disclosures", "receipt"):
        op.execute(f"ALTER TABLE records DROP COLUMN {column}")
    for column in ("amends", "batch"):
        there = sa.text(f"{column} IS NOT NULL")
        op.drop_index(f"ix_records_{column}", "records")
        op.create_index(f"ix_records_{column}", "records", [column], sqlite_where=there, postgresql_where=there)
    if op.get_bind().dialect.name == "sqlite":
        _clustered(is_clustered=True)


def downgrade() -> None:
    """The way back; no row is lost."""
    if op.get_bind().dialect.name == "sqlite":
        _clustered(is_clustered=False)
    for column in ("amends", "batch"):
        op.drop_index(f"ix_records_{column}", "records")
        op.create_index(f"ix_records_{column}", "records", [column])
    op.add_column("records", sa.Column("jwt", sa.LargeBinary(), nullable=False, server_default=""))
    op.add_column("records", sa.Column("disclosures", sa.LargeBinary()))
    op.add_column("records", sa.Column("receipt", sa.Text(), nullable=False, server_default=""))
    for column in ("jwt", "disclosures", "receipt"):
        from_there = f"SELECT {column} FROM payloads WHERE record_seq = records.seq"  # noqa: S608
        op.execute(f"UPDATE records SET {column} = ({from_there})")  # noqa: S608
    op.drop_table("payloads")


def _clustered(*, is_clustered: bool) -> None:
    """The parts of records, as trees by their primary key alone (SQLite) or beside rows of their own."""
    for table, columns, indexes in (
        ("entries", _entries(), {"ix_entries_tag": ["tag"], "ix_entries_entry_digest": ["entry_digest"]}),
        ("record_references", _references(), {"record_references_value": ["value", "kind"]}),
    ):
        for index in indexes:
            op.drop_index(index, table)
        op.rename_table(table, f"old_{table}")
        op.create_table(table, *columns, sqlite_with_rowid=not is_clustered)
        op.execute(f"INSERT INTO {table} SELECT * FROM old_{table} ORDER BY record_seq, ordinal")  # noqa: S608
        op.drop_table(f"old_{table}")
        for index, on in indexes.items():
            op.create_index(index, table, on)


def _entries() -> list[sa.Column[object]]:
    return [
        *_place(),
        sa.Column("ucr", sa.String(64), nullable=False),
        sa.Column("tag", sa.LargeBinary(16), nullable=False),
        sa.Column("entry_digest", sa.LargeBinary(32), nullable=False),
    ]


def _references() -> list[sa.Column[object]]:
    return [
        *_place(),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("said_on", sa.String(10), nullable=False),
    ]


def _place() -> list[sa.Column[object]]:
    return [
        sa.Column("record_seq", _SEQUENCE, sa.ForeignKey("records.seq"), primary_key=True),
        sa.Column("ordinal", sa.SmallInteger(), primary_key=True),
    ]
