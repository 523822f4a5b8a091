"""The gateway's store: outbox, payload vault, and an index that can be thrown away. Not believed for integrity.

`model.py` is the one schema for SQLite and PostgreSQL, `migrations/` how it came to be; `vault.py` compresses and
encrypts payloads; `store.py` opens it all and holds what intake, sealer and follower read and write.
"""
