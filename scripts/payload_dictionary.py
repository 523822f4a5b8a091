"""Makes the dictionary that payloads are compressed with (`gateway/store/payloads-*.zdict`).

`python -m scripts.payload_dictionary FOLDER`. What it learns is how records are written: members, codes with their
official names, units. Every other value of the example stories is replaced by chance first, so that it holds nobody's
words and no benchmark finds its own. A dictionary that payloads were written with stays for ever; a better one gets
the next number.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import zstandard

from adapters.registry import read_message
from adapters.single_window_mock.stories import STORIES
from chain.encoding import Json, base64url
from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.records import sign_record
from chain.records.fastpath import parse_signed
from chain.sdjwt import SignedRecord
from gateway.store.vault import DICTIONARY_ID, ZSTD_LEVEL, dictionary_file
from scripts.benchmarks.load import STARTED, cast

DICTIONARY_BYTES = 16_384
SEEDS_PER_STORY = 40
_CODED = frozenset({"system", "kind", "role", "unit", "currency", "scope", "mark", "direction", "means"})
"""Members whose value is one of few."""
_HAN_FIRST, _HAN_LAST = 0x4E00, 0x9FA5


def main(folder: Path) -> None:
    """Writes the dictionary of `DICTIONARY_ID` into the folder."""
    chance = random.Random(1)  # noqa: S311 - it hides nothing, it fills
    samples: list[bytes | bytearray | memoryview[int]] = []
    for signed in _records(chance):
        text = signed.serialize().encode("ascii")
        samples.append(signed.jwt.encode("ascii"))
        if lines := parse_signed(text).plain_texts():
            samples.append(b"\n".join(_masked_text(line, chance) for line in lines))
    trained = zstandard.train_dictionary(
        DICTIONARY_BYTES, samples, dict_id=DICTIONARY_ID, level=ZSTD_LEVEL, k=256, d=8, f=20, accel=1
    )
    file = folder / dictionary_file(DICTIONARY_ID)
    file.write_bytes(trained.as_bytes())
    print(f"{file}: {file.stat().st_size} bytes, learnt from {len(samples)} texts")


def _records(chance: random.Random) -> Iterator[SignedRecord]:
    """Records of every story, each under a key, an issuer and a consortium of its own."""
    members = cast()
    for tell in STORIES.values():
        for seed in range(1, SEEDS_PER_STORY + 1):
            story = tell(members, seed, STARTED)
            ucrs = tuple(Ucr.parse(one) for one in story.ucrs)
            for message in story.messages:
                for entity in read_message(message.body).entities:
                    if entity.record is not None:
                        yield sign_record(
                            entity.record.for_ucrs(ucrs),
                            key=SigningKey.generate(),
                            iss=message.envelope.sender,
                            consortium=chance.randbytes(32).hex(),
                            iat=chance.randrange(1_700_000_000, 1_900_000_000),
                            jti=base64url(chance.randbytes(32)),
                        )


def _masked_text(text: bytes, chance: random.Random) -> bytes:
    """A disclosure's JSON text with its salt and its values masked; names of members stay."""
    salt, *rest = orjson.loads(text)
    return orjson.dumps([_masked(salt, chance), *(_masked(one, chance) for one in rest)])


def _masked(value: Json, chance: random.Random) -> Json:
    """The value with all that is somebody's own replaced by chance, length kept."""
    if isinstance(value, dict):
        coded = "system" in value
        return {k: one if coded or k in _CODED else _masked(one, chance) for k, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, chance) for one in value]
    return "".join(_other(c, chance) for c in value) if isinstance(value, str) else value


def _other(character: str, chance: random.Random) -> str:
    if character.isdigit():
        return str(chance.randrange(10))
    if character.isascii() and character.isalpha():
        return chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ" if character.isupper() else "abcdefghijklmnopqrstuvwxyz")
    return character if character.isascii() else chr(chance.randrange(_HAN_FIRST, _HAN_LAST))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
