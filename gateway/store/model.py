"""The one schema, for SQLite and PostgreSQL: what was accepted, what is on its way to the chain, what was anchored.

Trust: a wrong row can delay or hide an answer; it can never make a false one verify. What must not be lost is in
`records` and `payloads` (accepted means durable); everything else can be made again from these and the chain.

What is written once and long stands in `payloads`, what changes as a record comes along in `records`: SQLite writes a
whole row again for one changed column, and rows of four kilobytes would be written four times.

Records are found by `record_id`, by `(iss, jti)`, by their lane's tag (`entries.tag`; all lanes of a
consignment lie in one range of tags), by reference and by cited document. Times are Unix seconds UTC.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    not_,
)

metadata = MetaData()

FACT_CHARS_MAX = 64
WHOM_CHARS_MAX = 20

_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts rows by itself only in a column of type INTEGER."""


class BatchState(StrEnum):
    """How far a batch of the outbox has come."""

    OPEN = "open"
    ANCHORED = "anchored"


records = Table(
    "records",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),  # order of acceptance
    Column("record_id", String(43), nullable=False, unique=True),
    Column("iss", String(18), nullable=False),
    Column("jti", String(64), nullable=False),
    Column("vct", String(64), nullable=False),
    Column("kid", String(43), nullable=False),
    Column("iat", BigInteger, nullable=False),
    Column("amends", String(43)),
    Column("state", String(8), nullable=False),
    Column("reason", Text),  # why refused, for its issuer to read
    Column("accepted_at", BigInteger, nullable=False),
    Column("anchor_by", BigInteger, nullable=False),
    Column("entry_count", Integer, nullable=False),
    Column("batch", _SEQUENCE, ForeignKey("batches.id")),  # of the outbox; NULL until sealed here
    Column("batch_index", BigInteger),  # on the chain; NULL until anchored (by this gateway or another)
    UniqueConstraint("iss", "jti", name="records_iss_jti"),
)
Index(
    "records_waiting",
    records.c.seq,
    sqlite_where=records.c.state == "accepted",
    postgresql_where=records.c.state == "accepted",
)
Index(
    "records_uncovered",
    records.c.batch_index,
    sqlite_where=records.c.state == "anchored",
    postgresql_where=records.c.state == "anchored",
)
Index("records_of_issuer", records.c.iss, records.c.seq)
"""The partial indexes hold only records on their way, so that marking them costs the same at any size."""
_AMENDS, _IS_SEALED = records.c.amends.is_not(None), records.c.batch.is_not(None)
Index("ix_records_amends", records.c.amends, sqlite_where=_AMENDS, postgresql_where=_AMENDS)
Index("ix_records_batch", records.c.batch, sqlite_where=_IS_SEALED, postgresql_where=_IS_SEALED)

payloads = Table(
    "payloads",
    metadata,
    Column("record_seq", _SEQUENCE, ForeignKey("records.seq"), primary_key=True, autoincrement=False),
    Column("jwt", LargeBinary, nullable=False),  # the issuer-signed JWT, compressed; kept for ever
    Column("disclosures", LargeBinary),  # the rest, compressed and encrypted, without its head; NULL once erased
    Column("receipt", Text, nullable=False),  # JWS, as it was first given
)
"""What a record is and what was promised for it; written once."""

payload_keys = Table(
    "payload_keys",
    metadata,
    Column("record_seq", _SEQUENCE, ForeignKey("records.seq"), primary_key=True, autoincrement=False),
    Column("head", LargeBinary, nullable=False),  # of the payload: the record's own key (`gateway.store.vault`)
)
"""What opens payloads beside the data keys. It stands in no copy of the payloads, so that what is erased here opens in
no copy either; payloads of older versions have no row."""

entries = Table(
    "entries",
    metadata,
    Column("record_seq", _SEQUENCE, ForeignKey("records.seq"), primary_key=True),
    Column("ordinal", SmallInteger, primary_key=True),  # place of the UCR in the record's `ucr` section, numbers after
    Column("ucr", String(64), nullable=False),  # NO_UCR: the entry of a number that the record says as its issuer's own
    Column("tag", LargeBinary(16), nullable=False, index=True),  # issuer's lane or number tag, by the tag key of then
    Column("entry_digest", LargeBinary(32), nullable=False),  # looked for among those of its lane
    sqlite_with_rowid=False,
)

references = Table(
    "keyed_references",
    metadata,
    Column("record_seq", _SEQUENCE, ForeignKey("records.seq"), primary_key=True),
    Column("ordinal", SmallInteger, primary_key=True),  # place in the record's `references` section
    Column("kind", String(32), nullable=False),
    Column("scope", String(64), nullable=False),
    Column("said_on", String(10), nullable=False),  # YYYY-MM-DD or ""
    # `LookUpKey.of_reference` of kind and value, as `Reference.key` writes it: what people write differently is dropped
    Column("look_up", BigInteger, nullable=False),
    Column("look_up_rest", BigInteger, nullable=False),
    Index("keyed_references_look_up", "look_up"),
    sqlite_with_rowid=False,
)

documents = Table(
    "keyed_documents",
    metadata,
    Column("look_up", LargeBinary(32), primary_key=True),  # `LookUpKey.of_document` of the file's SHA-256
    Column("record_seq", _SEQUENCE, ForeignKey("records.seq"), primary_key=True, index=True),
)

mandates = Table(
    "mandates",
    metadata,
    Column("record_seq", _SEQUENCE, ForeignKey("records.seq"), primary_key=True, autoincrement=False),
    Column("principal", String(16), nullable=False),  # `gateway.store.mandates.party_key` of the USCC
    Column("agent", String(16), nullable=False),
    Column("offer", String(43)),  # the record that it confirms
    Column("withdraws", Boolean, nullable=False),
    Column("starts", String(10), nullable=False),
    Column("ends", String(10), nullable=False),
    Column("offices", Text, nullable=False),  # with spaces between them; empty: all
    Column("goods", Text, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("id", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("batch_id", LargeBinary(32), nullable=False, unique=True),
    Column("root", LargeBinary(32), nullable=False),
    Column("count", Integer, nullable=False),
    Column("entries", LargeBinary, nullable=False),
    Column("gateway", String(42), nullable=False),  # the sender's address
    Column("state", String(8), nullable=False),
    Column("nonce", BigInteger),  # NULL until a transaction was signed for it
    Column("raw_tx", LargeBinary),  # the same bytes are sent again until the nonce is spent
    Column("batch_index", BigInteger),
    Column("block", BigInteger),
    Column("created_at", BigInteger, nullable=False),
)
Index("batches_open", batches.c.id, sqlite_where=batches.c.state == "open", postgresql_where=batches.c.state == "open")

marks = Table(
    "marks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Counters that must move together with rows: `followed_batches`, `covered_batches`."""

leases = Table(
    "leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("fence", BigInteger, nullable=False),  # grows with every new holder; a writer with an older one is refused
    Column("until", BigInteger, nullable=False),
)

assertions = Table(
    "used_assertions",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),  # SHA-256 of kid and jti: a token request counts once
    Column("until", BigInteger, nullable=False, index=True),
)

search_facts = Table(
    "keyed_facts",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("value", String(FACT_CHARS_MAX), primary_key=True),  # `LookUpKey.of_fact`: keyed where it is a number
    Column("ucr", String(64), primary_key=True),
    Column("record_seq", _SEQUENCE, primary_key=True),
    sqlite_with_rowid=False,
)
_IS_DAY = search_facts.c.kind == "day"
Index("keyed_facts_days", search_facts.c.ucr, search_facts.c.value, sqlite_where=_IS_DAY, postgresql_where=_IS_DAY)
"""A record has some fifty facts, so each row stands in one tree alone; only days are looked for by consignment."""

search_concerns = Table(
    "search_concerns",
    metadata,
    Column("whom", String(WHOM_CHARS_MAX), primary_key=True),  # USCC, customs code, or customs district (2 digits)
    Column("ucr", String(64), primary_key=True),
)
"""Whom a consignment may concern: more than take part in it, never fewer. It narrows a search; the policy decides."""

search_waiting = Table(
    "sealed_facts",
    metadata,
    Column("record_seq", _SEQUENCE, ForeignKey("records.seq"), primary_key=True),
    Column("facts", LargeBinary, nullable=False),  # `Findable` in MessagePack, sealed under the data keys
)
"""Facts that are kept but cannot be found yet: written with their records, they are flushed from here later.

To write them where they are found costs more than all else of a record, and no receipt should wait for it."""

store_keys = Table(
    "store_keys",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
"""Keys of the store's own, sealed under the data keys: see `gateway.store.look_ups`."""

search_waiting_lanes = Table(
    "search_waiting_lanes",
    metadata,
    Column("prefix", LargeBinary(8), primary_key=True),  # of the tag of an entry: all lanes of its UCR begin with it
    Column("record_seq", _SEQUENCE, ForeignKey("records.seq"), primary_key=True),
    sqlite_with_rowid=False,
)
"""Of which consignments facts wait, so that those of one are found without going through what is settled of it."""

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(22), primary_key=True),
    Column("member", String(18), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("cursor", BigInteger, nullable=False),  # index of the last batch that was taken, or held nothing to tell
    Column("failures", Integer, nullable=False),  # in a row
    Column("next_at", BigInteger, nullable=False),  # not tried before
    Column("last_error", Text, nullable=False, server_default=""),
    Column("failing_since", BigInteger, nullable=False, server_default="0"),
    Column("off_at", BigInteger, nullable=False, server_default="0"),  # when it was switched off, 0 while it is on
    Column("types", Text, nullable=False, server_default=""),  # what it wants told, comma-separated; empty for all
    Column("rules", Text, nullable=False, server_default=""),
    Column("severities", Text, nullable=False, server_default=""),
    Column("secret_number", Integer, nullable=False, server_default="0"),  # its secret is derived of it
    Column("secret_at", BigInteger, nullable=False, server_default="0"),  # when the secret was changed
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("number", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("webhook", String(22), nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("status", Integer, nullable=False),  # of HTTP; 0 where no answer came
    Column("reason", Text, nullable=False),  # why it was not taken; empty where it was
    Column("changes", Integer, nullable=False),  # how many it told
    Index("webhook_deliveries_webhook", "webhook", "number"),
)
"""The newest posts of each webhook, for its owner to read."""

operator_log = Table(
    "operator_log",
    metadata,
    Column("number", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("action", String(32), nullable=False),
    Column("member", String(18), nullable=False),  # whose webhook it was; empty for what the operator did
    Column("detail", Text, nullable=False),  # JSON
    Index("operator_log_member", "member", "number"),
    Index("operator_log_action", "action", "number"),
)
"""What whoever runs this gateway did, for members of the operator to read."""

replication_gaps = Table(
    "replication_gaps",
    metadata,
    Column("batch_index", BigInteger, primary_key=True, autoincrement=False),
    Column("missing", Integer, nullable=False),  # entries of the batch that no record here has
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False, index=True),  # not tried before
    Column("reason", Text, nullable=False),  # what each peer answered, for the operator to read
)
"""Batches of which other gateways' records are missing here."""

tombstones = Table(
    "tombstones",
    metadata,
    Column("number", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("record_id", String(43), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),  # of the erased disclosure
    Column("erasure", String(43), nullable=False),  # record id of the `audit.erasure` that erases it
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("record_id", "digest", name="tombstones_disclosure"),
)
"""Disclosures that were erased and never come back: not from a peer, nor from a copy of the store, nor by intake."""

erasures = Table(
    "erasures",
    metadata,
    Column("record_seq", _SEQUENCE, ForeignKey("records.seq"), primary_key=True, autoincrement=False),  # who erases
    Column("record_id", String(43), primary_key=True),  # of what; it may not be here yet
    Column("is_settled", Boolean, nullable=False),  # it was erased, or its statement may not erase it
)
_IS_OPEN = not_(erasures.c.is_settled)
Index("erasures_open", erasures.c.record_seq, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)
"""Which records `audit.erasure` records name, until each was looked at."""

operators = Table(
    "operators",
    metadata,
    Column("id", String(22), primary_key=True),
    Column("member", String(18), nullable=False, index=True),  # USCC
    Column("name", LargeBinary, nullable=False),  # encrypted: a person's name
    Column("pseudonym", String(16), nullable=False, unique=True),
    Column("rights", String(64), nullable=False),  # names, sorted, one space between
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),  # 0 while the operator may log in
)
"""A member's people, each with rights within the member's."""

invitations = Table(
    "invitations",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),  # SHA-256 of the secret in the link
    Column("operator", String(22), ForeignKey("operators.id"), nullable=False, index=True),
    Column("until", BigInteger, nullable=False, index=True),
)
"""One-time links; a row goes with its use."""

passkeys = Table(
    "passkeys",
    metadata,
    Column("credential_id", LargeBinary(1023), primary_key=True),  # WebAuthn's longest
    Column("operator", String(22), ForeignKey("operators.id"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),  # COSE_Key, RFC 9052
    Column("sign_count", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
"""What operators log in with; secret parts never leave their authenticators."""

operator_identities = Table(
    "operator_identities",
    metadata,
    # By which subject of its member's provider an operator is known: `LookUpKey.of_identity` of issuer and subject
    Column("look_up", LargeBinary(32), primary_key=True),
    Column("operator", String(22), ForeignKey("operators.id"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
)

operator_sessions = Table(
    "operator_sessions",
    metadata,
    Column("id", String(22), primary_key=True),
    Column("operator", String(22), ForeignKey("operators.id"), nullable=False, index=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),  # SHA-256 of the cookie's secret
    Column("previous", LargeBinary(32), index=True),  # of the secret before it; NULL before the first rotation
    Column("rotated_at", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger, nullable=False),  # when the newest secret first came back; 0 before
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("browser", String(128), nullable=False),  # what it calls itself, for its owner to tell sessions apart
)
"""Browsers that are logged in; a row goes when the session ends."""

statistics = Table(
    "statistics",
    metadata,
    Column("measure", String(24), primary_key=True),
    Column("dimension", String(12), primary_key=True),
    Column("value", String(12), primary_key=True),
    Column("month", String(7), primary_key=True),  # YYYY-MM
    Column("bucket", String(12), primary_key=True),  # a step of hours, a finding's state, a grade
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How often each cell of the statistics was counted: see `gateway/consignment/figures.py`."""

consignment_figures = Table(
    "consignment_figures",
    metadata,
    Column("ucr", String(64), primary_key=True),
    Column("figures", LargeBinary, nullable=False),  # what it adds to the statistics, to be taken out again
)
