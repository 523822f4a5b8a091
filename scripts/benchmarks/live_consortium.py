"""A consortium as it is run: node, gateway and attesters in processes of their own, asked over HTTP."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chain.encoding import Json
from chain.jws import sign_compact
from chain.proof.batch import ENTRY_BYTES
from gateway.client import ASSERTION_LIFETIME_S, ASSERTION_TYP, ASSERTION_TYPE, GatewayClient
from scripts.benchmarks.clients import Seen, send
from scripts.benchmarks.process_stats import cpu_s, descendants, private_mb
from scripts.consortium_folder import ConsortiumFolder
from scripts.local_network import Machine

QUIET_S = 1.0
"""The attesters vote so long after the last batch."""
POLL_S = 0.05
WAIT_S = 600.0


@dataclass
class Running:
    """A running consortium and what is asked of it."""

    folder: ConsortiumFolder
    url: str
    client: GatewayClient
    """Asks as the broker."""

    @property
    def address(self) -> str:
        """Host and port of the gateway."""
        return self.url.removeprefix("http://")

    def load(self, plan: dict[str, object]) -> Seen:
        """Runs a plan of `clients.py` against the gateway."""
        return send({"token": self.token("broker"), **plan, "address": self.address}, self.folder.path)

    def upload(self, bodies: Sequence[bytes], connections: int = 2) -> Seen:
        """Uploads records in bulk over so many connections."""
        files = []
        for place in range(connections):
            path = self.folder.path / f"upload-{place}.ndjson"
            with path.open("wb") as file:
                file.writelines(b'"%b"\n' % body for body in bodies[place::connections])
                # Else the disk would be busy with it while the upload is timed.
                file.flush()
                os.fsync(file.fileno())
            files.append(str(path))
        return self.load({"kind": "bulk", "files": files})

    def post(self, bodies: Sequence[bytes], per_s: int) -> Seen:
        """Posts records one by one at a rate."""
        file = self.folder.path / "posts.txt"
        file.write_bytes(b"\n".join(bodies))
        return self.load({"kind": "posts", "file": str(file), "per_s": per_s})

    def get(self, paths: Sequence[str], connections: int, slug: str) -> Seen:
        """Asks for paths, as fast as they are answered, as one member."""
        plan = {"kind": "gets", "paths": list(paths), "connections": connections, "token": self.token(slug)}
        return self.load(plan)

    def token(self, slug: str) -> str:
        """An access token of a member."""
        uscc, now = self.folder.member(slug).uscc, int(time.time())
        times = {"iat": now, "exp": now + ASSERTION_LIFETIME_S}
        claims: dict[str, Json] = {"iss": uscc, "sub": uscc, "aud": self.url, "jti": secrets.token_urlsafe(16), **times}
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": sign_compact({"typ": ASSERTION_TYP}, claims, self.folder.signing_key(slug)),
        }
        body = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"{self.url}/v1/token", body, timeout=30) as answer:  # noqa: S310 - loopback
            token: str = json.loads(answer.read())["access_token"]
            return token

    def batch_count(self) -> int:
        """How many batches the gateway has read from the chain."""
        return sum(1 for _ in self.client.batches())

    def wait_anchored(self, after: int, entries: int) -> int:
        """Waits until so many entries stand in batches after an index; the last batch's index."""
        last, seen = after, 0

        def done() -> bool:
            nonlocal last, seen
            for batch in self.client.batches(last):
                last, seen = batch["index"], seen + batch["count"]
            return seen >= entries

        _wait(done, "anchored")
        return last

    def wait_covered(self, batch: int) -> None:
        """Waits until a checkpoint covers a batch."""
        checked = [-1]

        def done() -> bool:
            for checkpoint in self.client.checkpoints(checked[0]):
                checked[0] = checkpoint["index"]
                if checkpoint["batch_count"] > batch:
                    return True
            return False

        _wait(done, "covered")

    def wait_searchable(self) -> None:
        """Waits until every record kept so far can be found by search."""
        question = "SELECT count(*) FROM sealed_facts"
        # Nothing over HTTP tells this, so the store is looked into, without writing.
        with closing(sqlite3.connect(f"file:{self.folder.gateway}/store.sqlite?mode=ro", uri=True)) as store:
            _wait(lambda: store.execute(question).fetchone()[0] == 0, "found by search")

    def entries_of(self, batch: int) -> set[bytes]:
        """The entries of a batch."""
        found = {bytes.fromhex(entry) for entry in self.client.batch(batch)["entries"]}
        if any(len(entry) != ENTRY_BYTES for entry in found):
            raise ValueError("a batch holds what is no entry")
        return found

    def gateway_mb(self) -> float:
        """Memory of the gateway's processes, MB."""
        return private_mb(descendants("gateway"))

    def cpu_s(self, module: str) -> float:
        """Processor time of a part so far: `gateway`, `chain.node` or `scripts.cli` (the attesters)."""
        return cpu_s(descendants(module))


@contextmanager
def running(folder: Path, say: Callable[[str], None], desks: tuple[str, ...] = ()) -> Iterator[Running]:
    """The founded consortium in the folder, with these governors' risk desks, running until the block ends."""
    home = ConsortiumFolder(folder)
    with Machine(home, node_port=0, gateway_port=0, single_window_port=0, quiet_s=QUIET_S) as machine:
        machine.start_core(say)
        if desks:
            machine.start_risk_desks(desks, say)
        broker = home.member("broker")
        signer = home.signing_key("broker")
        with GatewayClient(machine.gateway_url, signer=signer, member=broker.uscc) as client:
            yield Running(home, machine.gateway_url, client)


def share_of_machine(seen: Seen) -> float:
    """What the load side took of all cores, percent."""
    return 100 * seen.cpu_s / seen.wall_s / (os.cpu_count() or 1)


def _wait(done: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + WAIT_S
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(f"not everything was {what} after {WAIT_S:.0f} s")
        time.sleep(POLL_S)
