"""References are found by a short key: an index of their values was nearly half of what an upload wrote."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ROWS = 10_000
_references = sa.table(
    "record_references",
    sa.column("record_seq", sa.BigInteger),
    sa.column("ordinal", sa.SmallInteger),
    sa.column("kind", sa.String),
    sa.column("value", sa.Text),
    sa.column("look_up", sa.BigInteger),
)


def upgrade() -> None:
    """Each reference gets its key; no row is lost."""
    op.drop_index("record_references_value", "record_references")
    op.add_column("record_references", sa.Column("look_up", sa.BigInteger(), nullable=False, server_default="0"))
    _fill(op.get_bind())
    op.create_index("record_references_look_up", "record_references", ["look_up"])


def downgrade() -> None:
    """The way back."""
    op.drop_index("record_references_look_up", "record_references")
    op.drop_column("record_references", "look_up")
    op.create_index("record_references_value", "record_references", ["value", "kind"])


def _fill(connection: sa.Connection) -> None:
    of = _references.c
    place = sa.tuple_(of.record_seq, of.ordinal)
    changed = (
        sa.update(_references)
        .where(of.record_seq == sa.bindparam("seq"), of.ordinal == sa.bindparam("place"))
        .values(look_up=sa.bindparam("key"))
    )
    after = (-1, -1)
    wanted = sa.select(of.record_seq, of.ordinal, of.kind, of.value).order_by(of.record_seq, of.ordinal).limit(_ROWS)
    while rows := connection.execute(wanted.where(place > sa.tuple_(*after))).all():
        keys = [{"seq": row.record_seq, "place": row.ordinal, "key": _key(row.kind, row.value)} for row in rows]
        connection.execute(changed, keys)
        after = (rows[-1].record_seq, rows[-1].ordinal)


def _key(kind: str, value: str) -> int:
    # As `gateway.store.records.reference_look_up` is today; what a migration does must not change with the code.
    return int.from_bytes(hashlib.sha256(f"{kind}\0{value}".encode()).digest()[:8], "big", signed=True)
