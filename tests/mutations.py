"""Random changes to a bundle's bytes and structure, and the judgement that none of them passes for a true bundle.

`python -m tests.mutations [COUNT]` flips every bit of a small bundle, makes COUNT (100,000) random changes to larger
ones and prints how many were judged how; it exits 1 where one passed.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from typing import Any

from chain.verify import TrustRoot, Verdict, verify_file
from chain.verify.results import Fate
from tests.fakes.ledger_simulator import CUSTOMS, OTHER_UCR, Consortium


def large_bundles() -> tuple[list[bytes], TrustRoot]:
    """A consignment, record bundles with a receipt of each form, and an absence, all true, of one consortium."""
    it = Consortium()
    declaration, status = it.record(), it.record(CUSTOMS, vct="customs.status")
    it.anchor(declaration, *[it.record(ucrs=(f"{OTHER_UCR}{n}",)) for n in range(5)])
    it.anchor(status)
    it.checkpoint()
    it.anchor(it.record(ucrs=(OTHER_UCR,)))  # so that they show a batch which the checkpoint does not cover
    made = [
        it.consignment_bundle(),
        it.record_bundle(status, receipts=[it.receipt(status, anchor_by=it.time)]),
        it.record_bundle(status, receipts=it.receipts(status, declaration, it.record(), anchor_by=it.time)[:1]),
        it.consignment_bundle("6CN91110000100000001W-9999"),
    ]
    return [bundle.format() for bundle in made], it.trust_root()


def mutated(said: bytes, others: list[bytes], random_: random.Random) -> bytes:
    """One random change: a byte, or a structural one (swap, drop, double, splice from another bundle)."""
    if random_.random() < 0.5:
        return _byte_changed(said, random_)
    value = json.loads(said)
    donor = json.loads(random_.choice(others))
    change = random_.choice((_swap, _drop, _double, _splice))
    change(value, donor, random_)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def judge(count: int, seed: int) -> Counter[str]:
    """How many of `count` random mutations got which verdict; unchanged ones are not counted."""
    bundles, trust_root = large_bundles()
    random_ = random.Random(seed)
    verdicts: Counter[str] = Counter()
    while sum(verdicts.values()) < count:
        original = random_.choice(bundles)
        changed = mutated(original, bundles, random_)
        if changed not in bundles and not _says_less(changed, original):
            verdicts[_judged(changed, trust_root)] += 1
    return verdicts


def judge_every_bit() -> Counter[str]:
    """The verdicts of a small bundle with each one of its bits flipped."""
    bundles, trust_root = large_bundles()
    said = min(bundles, key=len)
    verdicts: Counter[str] = Counter()
    for bit in range(8 * len(said)):
        changed = bytearray(said)
        changed[bit >> 3] ^= 1 << (bit & 7)
        verdicts[_judged(bytes(changed), trust_root)] += 1
    return verdicts


def _judged(content: bytes, trust_root: TrustRoot) -> str:
    """The verdict; a receipt changes none, so one that is no longer its gateway's is told apart."""
    report = verify_file(content, trust_root)
    if report.verdict is Verdict.VALID and any(one.fate is Fate.FORGED for one in report.receipts):
        return Fate.FORGED.name
    return report.verdict.name


def _says_less(changed: bytes, original: bytes) -> bool:
    """Whether only the receipt was dropped, whole: still a true bundle, only about less."""
    return b'"receipts":[]' in changed and b'"receipts":[]' not in original


def _byte_changed(said: bytes, random_: random.Random) -> bytes:
    place = random_.randrange(len(said))
    kind = random_.randrange(3)
    if kind == 0:
        return said[:place] + bytes([random_.randrange(256)]) + said[place + 1 :]
    if kind == 1:
        return said[:place] + said[place + 1 :]
    return said[:place] + bytes([said[place]]) + said[place:]


def _spots(value: Any) -> list[tuple[Any, Any]]:
    spots: list[tuple[Any, Any]] = []
    inner = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, child in inner:
        spots.append((value, key))
        if isinstance(child, dict | list):
            spots += _spots(child)
    return spots


def _swap(value: Any, donor: Any, random_: random.Random) -> None:
    holder, key = random_.choice(_spots(value))
    other = random_.choice(list(range(len(holder))) if isinstance(holder, list) else list(holder))
    holder[key], holder[other] = holder[other], holder[key]


def _drop(value: Any, donor: Any, random_: random.Random) -> None:
    holder, key = random_.choice(_spots(value))
    del holder[key]


def _double(value: Any, donor: Any, random_: random.Random) -> None:
    lists = [(holder, key) for holder, key in _spots(value) if isinstance(holder, list)]
    holder, key = random_.choice(lists)
    holder.insert(key, holder[key])


def _splice(value: Any, donor: Any, random_: random.Random) -> None:
    holder, key = random_.choice(_spots(value))
    donors = [(h, k) for h, k in _spots(donor) if type(h) is type(holder) and (k == key or isinstance(h, list))]
    if donors:
        from_holder, from_key = random_.choice(donors)
        holder[key] = from_holder[from_key]


def main() -> int:
    """Prints the counts; 1 where a changed bundle passed as VALID."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    every_bit, at_random = judge_every_bit(), judge(count, seed=1)
    print(f"every bit of a small bundle: {dict(every_bit)}")
    print(f"{count} random changes: {dict(at_random)}")
    return 1 if every_bit[Verdict.VALID.name] + at_random[Verdict.VALID.name] else 0


if __name__ == "__main__":
    sys.exit(main())
