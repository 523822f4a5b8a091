"""What this machine can do at most: the bare rates that every other figure is held against."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from scripts.benchmarks.harness import Benchmark, Context, Figure

MESSAGE = b"x" * 3_000
"""As long as the signing input of a record with fourteen sections."""


def run(context: Context) -> Iterator[Figure]:
    """Bare P-256 verify and sign, SHA-256, and durable SQLite commits."""
    count = 3_000 if context.quick else 10_000
    yield context.per_second("bare P-256 verify, one core", lambda: verify_many(count))
    yield context.per_second("bare P-256 verify, all cores", lambda: verify_on_all_cores(count))
    yield context.per_second("bare P-256 sign, one core", lambda: _sign_many(count))
    yield context.per_second("SHA-256 of 65 bytes", lambda: _hash_many(200_000))
    yield context.per_second("SQLite durable commits of one row", lambda: _commit_many(context, 300))


def verify_many(count: int) -> int:
    """Verifies one signature `count` times."""
    key = ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    public, algorithm = key.public_key(), ec.ECDSA(hashes.SHA256())
    for _ in range(count):
        public.verify(signature, MESSAGE, algorithm)
    return count


def verify_on_all_cores(count: int) -> int:
    """Verifies one signature `count` times on every core at once; how many in all."""
    import os

    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores) as pool:
        return sum(pool.map(verify_many, [count] * cores))


def _sign_many(count: int) -> int:
    key, algorithm = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    for _ in range(count):
        key.sign(MESSAGE, algorithm)
    return count


def _hash_many(count: int) -> int:
    said = bytes(65)
    for _ in range(count):
        hashlib.sha256(said).digest()
    return count


def _commit_many(context: Context, count: int) -> int:
    database = sqlite3.connect(context.scratch / "commits.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE IF NOT EXISTS rows (body BLOB)")
    for _ in range(count):
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO rows VALUES (?)", (MESSAGE,))
        database.execute("COMMIT")
    database.close()
    return count


BENCHMARK = Benchmark(
    name="limits",
    what="the bare rates of this machine",
    leaves_out="everything that this project does",
    run=run,
)
