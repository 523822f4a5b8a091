"""Opens damaged copies of a database, each in a fork: `damage.py GENESIS FOLDER COPY` prints a line for each.

A fork, because LMDB reads its pages through a memory map without checksums: a page with a wild pointer may end the
process, which is a refusal too, though not a polite one.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from chain.node import EmbeddedNode, Genesis, NodeSettings
from chain.node.errors import NodeStoreFault

COPIES = 24
BYTES_EACH = 64


def opened(folder: Path, genesis: Genesis) -> str:
    """What a node says of this folder."""
    try:
        node = EmbeddedNode.open(folder, genesis, [], NodeSettings(read_only=True))
    except NodeStoreFault:
        return "refused"
    return " ".join(["opened", *(node.header(number).hash.hex() for number in range(node.head.number + 1))])


def main() -> None:
    """One line a copy."""
    genesis = Genesis.parse(Path(sys.argv[1]).read_bytes())
    source, copy = Path(sys.argv[2]), Path(sys.argv[3])
    for seed in range(COPIES):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(source, copy)
        chance = random.Random(seed)
        data = bytearray((copy / "data.mdb").read_bytes())
        for _ in range(BYTES_EACH):
            data[chance.randrange(len(data))] = chance.randrange(256)
        (copy / "data.mdb").write_bytes(data)
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.write(writing, opened(copy, genesis).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        os.wait()
        print(said or "killed", flush=True)


if __name__ == "__main__":
    main()
