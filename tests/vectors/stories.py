"""Random structured stories: what a consortium may do, the bundles that come of it, and our verifier's judgement.

`python -m tests.vectors.stories --count 1000 --seed 7` prints one JSON object a line: `bundle` and `trust_root`
(base64url), `question`, and `expected`: verdicts, the outcome of each check, which records count and what became of
receipts. So any implementation can be held against ours. `--against "node JUDGE.mjs"` starts one, which reads such
lines and prints the same summary for each, and prints every case in which the two differ; it exits 1 where there is
one.

The structure of a story follows from its seed alone. Keys, salts and signatures are drawn anew, as everywhere in tests.
"""

from __future__ import annotations

import json
import random
import shlex
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import IO, Annotated, Any

import typer

from chain.command_line import run_program
from chain.encoding import Json, base64url
from chain.keys import SigningKey
from chain.members import AddedBy, KeyAlgorithm, KeyState, MemberKind, MemberState, Role
from chain.proof import batch
from chain.proof.batch import Purpose
from chain.proof.bundle import Bundle
from chain.proof.own_number import OwnNumber
from chain.proof.receipt import SignedReceipt
from chain.proof.redaction import redact
from chain.sdjwt import SignedRecord
from chain.verify import TrustRoot, verify_file
from chain.verify.context import Demand
from tests.catalogue.stories import prove_anew
from tests.fakes.ledger_simulator import (
    BROKER,
    CUSTOMS,
    GATEWAY,
    OTHER_UCR,
    RULES,
    UCR,
    Consortium,
    rules_text,
)
from tests.mutations import mutated

STRANGER = "91440000100000009Z"
CARRIER = "91440000100000010J"
OFFICES = ("0100", "2200")
MEMBERS = {
    BROKER: Role.BROKER,
    CUSTOMS: Role.CUSTOMS,
    GATEWAY: Role.GATEWAY,
    STRANGER: Role.BROKER | Role.TRADER,
    CARRIER: Role.CARRIER | Role.TERMINAL,
}
GOVERNORS = (CUSTOMS, GATEWAY)
TYPES = {
    BROKER: ("customs.declaration", "trade.parties", "customs.status", "audit.finding", "customs.rumour"),
    CUSTOMS: ("customs.status", "customs.status", "customs.declaration", "audit.finding"),
    GATEWAY: ("trade.parties", "audit.access", "audit.finding", "customs.status"),
    STRANGER: ("customs.declaration", "trade.parties", "customs.status", "audit.finding"),
    CARRIER: ("logistics.event", "logistics.event", "customs.status"),
}
CASES_A_STORY = 4
NUMBER = OwnNumber.of(BROKER, "INV-1")


@dataclass(frozen=True)
class Case:
    """A bundle, what is believed and what is"""

    bundle: bytes
    trust_root: TrustRoot
    question: Demand


class Story:
    """A consortium in which members speak, keys end, gateways err and governors attest, all by chance."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.it = Consortium(validators=chance.choice((1, 1, 1, 3, 4)))
        for uscc in (STRANGER, CARRIER):
            self.it.add_member(uscc, MEMBERS[uscc])
        self.it.block += 1
        self.receipts: list[SignedReceipt] = []
        self.records: list[SignedRecord] = []
        self.say()
        steps = (self.say, self.say, self.say, self.anchor_wrongly, self.end_key, self.change_member, self.attest)
        for _ in range(chance.randrange(2, 9)):
            chance.choice(
                (
                    *(*steps, self.say, self.begin_epoch, self.promise, self.say_together, self.agree, self.agree),
                    *(self.mandate, self.mandate, self.mandate),
                    *(self.bill, self.bill),
                )
            )()
        if chance.random() < 0.85:
            self.it.checkpoint(votes=chance.choice((2, 2, 2, 2, 3, 1)), dissent=chance.choice((0, 0, 0, 1)))
        if chance.random() < 0.2:
            self.say()

    @property
    def epoch(self) -> int:
        """The epoch that a gateway files in now."""
        return max(at for at, epoch in enumerate(self.it.epochs) if epoch.from_batch <= len(self.it.batches))

    def record(self, issuer: str | None = None) -> SignedRecord:
        """A record, mostly true."""
        it, chance = self.it, self.chance
        uscc = issuer or chance.choice((BROKER, BROKER, BROKER, CUSTOMS, STRANGER, GATEWAY, CARRIER))
        vct = chance.choice(TYPES[uscc]) if chance.random() < 0.4 else TYPES[uscc][0]
        others: dict[str, Any] = {}
        if self.records and chance.random() < 0.3:
            replaced = chance.choice(self.records)
            others |= {"amends": replaced.record_id, "withdraws": chance.random() < 0.3}
            if chance.random() < 0.8:
                uscc, vct = replaced.iss, replaced.vct
        if self.records and chance.random() < 0.06:
            others["jti"] = chance.choice(self.records).jti
        if chance.random() < 0.04:
            others["consortium"] = bytes(32)
        ucrs = chance.choice((*[(UCR,)] * 8, *[(OTHER_UCR,)] * 3, *[(UCR, OTHER_UCR)] * 4, ("NONE", UCR)))
        signed = it.record(uscc, ucrs, vct, sections=self.sections(), **others)
        if chance.random() < 0.05:
            head = signed.jwt.rsplit(".", 1)[0]
            signed = it.keep(
                SignedRecord.parse(signed.serialize().replace(signed.jwt, f"{head}.{base64url(b'7' * 64)}"))
            )
        self.records.append(signed)
        return signed

    def sections(self) -> dict[str, list[Json]]:
        """What a record says beside its UCRs: often whom it names, sometimes an office."""
        chance = self.chance
        sections: dict[str, list[Json]] = {"status": [{"code": "R"}], "goods_items": ["a", "b"]}
        if chance.random() < 0.4:
            sections["names"] = list(chance.sample([CARRIER, STRANGER, GATEWAY, CUSTOMS], chance.choice((1, 1, 2))))
        if chance.random() < 0.12:
            first = chance.randrange(20)
            sections["names"] = [
                *chance.sample([CARRIER, STRANGER, BROKER], chance.randrange(3)),
                *(f"{number:018d}" for number in range(first, first + chance.choice((14, 15, 16, 17)))),
                *chance.sample([CARRIER, STRANGER, CUSTOMS], 2),
            ]
        if chance.random() < 0.3:
            sections["declaration"] = [{chance.choice(("office", "border_office")): {"value": chance.choice(OFFICES)}}]
        if chance.random() < 0.2:
            number = f"{chance.choice(OFFICES)}20261234567890"
            sections["references"] = [{"kind": chance.choice(("declaration", "order")), "value": number}]
        return sections

    def agree(self) -> None:
        """The governors agree on something: authorities, offices, operators, rules, votes, limits, a dropped entry."""
        it, chance = self.it, self.chance
        kind = chance.randrange(7)
        if kind == 0:
            it.list_authority(chance.choice((CUSTOMS, GATEWAY, CARRIER)), listed=chance.random() < 0.7)
        elif kind == 1:
            it.assign(chance.choice(OFFICES), chance.choice((CUSTOMS, CUSTOMS, GATEWAY)))
        elif kind == 2:
            it.set_operator(chance.choice((GATEWAY, STRANGER)), chance.choice(("*", UCR[1:10], UCR[1:], "CN1", "")))
        elif kind == 3:
            less = {name: roles for name, roles in RULES.items() if chance.random() < 0.8}
            it.set_record_rules(
                chance.choice((rules_text(less), rules_text(RULES), b"{}", b'{"trade.order": ["PILOT"]}'))
            )
        elif kind == 4:
            it.set_policy("least-votes", chance.choice((1, 2, 2, 2, 3)))
        elif kind == 5:
            it.set_policy("lane-records-max", chance.choice((1, 2, 3, 1000)))
        elif it.batches:
            index = chance.randrange(len(it.batches))
            if count := it.batches[index].facts.count:
                it.drop(index, chance.randrange(count))
        it.block += chance.randrange(2)

    def say(self) -> None:
        """A record, anchored at once in a batch of its own or with others."""
        self.it.anchor_entries(self.it.entries_of(self.record(), self.epoch))

    def say_together(self) -> None:
        """Several records in one batch."""
        records = [self.record() for _ in range(self.chance.randrange(2, 4))]
        self.it.anchor_entries([entry for signed in records for entry in self.it.entries_of(signed, self.epoch)])

    def bill(self) -> None:
        """An invoice, mostly the broker's own number; sometimes its gateway errs in filing it."""
        it, chance = self.it, self.chance
        uscc = chance.choice((BROKER, BROKER, BROKER, STRANGER))
        scope, value = (
            chance.choice((BROKER, BROKER, "", STRANGER)),
            chance.choice(("INV-1", "inv-1", "INV-1", "INV-2")),
        )
        reference: Json = {"kind": chance.choice(("invoice",) * 7 + ("order",)), "scope": scope, "value": value}
        ucrs = chance.choice(((UCR,), (UCR,), (OTHER_UCR,), (UCR, OTHER_UCR)))
        amended = [one.record_id for one in self.records if one.vct == "tax.invoice"]
        amends = chance.choice(amended) if amended and chance.random() < 0.3 else None
        vct = "tax.invoice" if chance.random() < 0.9 else "customs.declaration"
        signed = it.record(uscc, ucrs, vct, amends=amends, sections={"references": [reference]})
        self.records.append(signed)
        entries = it.entries_of(signed, self.epoch)
        digest = batch.number_digest(signed, signed.sections["references"][0])
        if chance.random() < 0.2:
            entries.append(batch.entry(it.number_tag(NUMBER, chance.randrange(len(it.epochs))), digest))
        it.anchor_entries(entries[: len(entries) - (chance.random() < 0.1)])

    def mandate(self) -> None:
        """One side of a mandate, mostly of the one text, or its end; the broker named it often names others."""
        it, chance = self.it, self.chance
        uscc = chance.choice((BROKER, STRANGER))
        said: dict[str, Json] = {"principal": BROKER, "agent": STRANGER, "starts": "2023-01-01", "ends": "2023-12-31"}
        if chance.random() < 0.15:
            fault: dict[str, Json] = chance.choice(
                (
                    {"ends": "2023-11-14"},
                    {"goods": ["85"]},
                    {"goods": None},
                    {"goods": ["8"]},
                    {"agent": CARRIER},
                    {"starts": 7},
                )
            )
            said |= fault
        sides = [one for one in self.records if one.vct == "trade.mandate"]
        others: dict[str, Any] = {}
        if sides and chance.random() < 0.75:
            said["offer"] = chance.choice(sides).record_id
        own = [one for one in sides if one.iss == uscc]
        if own and chance.random() < 0.2:
            others = {"amends": chance.choice(own).record_id, "withdraws": chance.random() < 0.7}
        names = [BROKER, STRANGER] if chance.random() < 0.9 else [CARRIER]
        signed = it.record(uscc, vct="trade.mandate", sections={"names": names, "mandate": [said]}, **others)
        self.records.append(signed)
        it.anchor_entries(it.entries_of(signed, self.epoch))

    def promise(self) -> None:
        """A receipt, alone or in a group, for a record that is anchored or not."""
        it, chance = self.it, self.chance
        signed = self.record() if chance.random() < 0.6 else chance.choice(self.records)
        by = it.time + chance.choice((-20, 0, 10, 30, 500))
        if chance.random() < 0.3:
            self.receipts += it.receipts(signed, chance.choice(self.records), anchor_by=by)[:1]
        else:
            entries: list[Json] | None = None
            if chance.random() < 0.2:
                other = chance.choice(self.records)
                entries = [[entry[:16].hex(), base64url(entry[16:])] for entry in it.entries_of(other, self.epoch)]
            self.receipts.append(it.receipt(signed, anchor_by=by, entries=entries))
        if chance.random() < 0.6:
            it.anchor_entries(it.entries_of(signed, self.epoch))

    def anchor_wrongly(self) -> None:
        """What a rogue gateway may do with entries."""
        it, chance = self.it, self.chance
        signed = self.record() if chance.random() < 0.7 else chance.choice(self.records)
        entries = it.entries_of(signed, chance.randrange(len(it.epochs)))
        kind = chance.randrange(6)
        if kind == 0:
            entries = [batch.entry(it.tag(UCR, chance.choice(list(MEMBERS)), self.epoch), entries[0][16:])]
        elif kind == 1:
            it.anchor_entries(entries, carried=b"another")
            return
        elif kind == 2:
            entries = entries[:1]
        elif kind == 3:
            entries = [*entries, *entries]
        elif kind == 4:
            entries = [batch.entry(it.tag(UCR, signed.iss, self.epoch, Purpose.ACCESS), entries[0][16:])]
        it.anchor_entries(entries)

    def end_key(self) -> None:
        """A member's key ends or is asked about, and mostly the member goes on with a new one."""
        it, chance = self.it, self.chance
        uscc = chance.choice(list(MEMBERS))
        since = it.time - chance.choice((0, 10, 20, 30, 1000, -10))
        state = chance.choice((KeyState.RETIRED, KeyState.REVOKED, KeyState.COMPROMISED, KeyState.ACTIVE))
        contested = state is KeyState.ACTIVE and chance.random() < 0.7
        dated = since if contested or state is KeyState.COMPROMISED else 0
        it.set_key(uscc, state, compromised_since=dated, contested=contested)
        it.block += chance.randrange(2)
        if chance.random() < 0.7:
            it.keys[f"old {len(it.keys)}"] = it.keys[uscc]
            it.keys[uscc] = SigningKey.generate(chance.choice([*KeyAlgorithm]))
            by = chance.choice((AddedBy.MEMBER, AddedBy.SPONSOR))
            it.set_key(
                chance.choice((uscc, uscc, uscc, uscc, STRANGER)), KeyState.ACTIVE, key=it.keys[uscc], added_by=by
            )
        it.block += chance.randrange(2)

    def change_member(self) -> None:
        """A member is suspended, expelled, reinstated or gets other roles."""
        it, chance = self.it, self.chance
        uscc = chance.choice(list(MEMBERS))
        state = chance.choice((MemberState.ACTIVE, MemberState.SUSPENDED, MemberState.EXPELLED))
        roles = chance.choice((MEMBERS[uscc], MEMBERS[uscc], Role.TERMINAL, Role.CUSTOMS | Role.BROKER))
        kind = MemberKind.GOVERNOR if uscc in GOVERNORS else MemberKind.PARTICIPANT
        it.set_member(uscc, state, roles, kind)
        it.block += chance.randrange(1, 3)
        if chance.random() < 0.5:
            it.set_member(uscc, MemberState.ACTIVE, MEMBERS[uscc], kind)
            it.block += chance.randrange(2)

    def attest(self) -> None:
        """A checkpoint, also one whose votes came in while more was anchored."""
        about = self.it.map_now()
        if self.chance.random() < 0.4:
            self.say()
        self.it.checkpoint(about=about)

    def begin_epoch(self) -> None:
        """A tag key from now on, or from a batch ahead; seldom the one before has ended long since."""
        it, chance = self.it, self.chance
        first = len(it.batches) + chance.choice((0, 0, 1, 2, 5))
        if first > it.epochs[-1].from_batch:
            it.begin_epoch(first)
            if chance.random() < 0.02:
                it.skip_batches(1024 + chance.choice((-1, 0, 1)))

    # -- what is shown of it

    def case(self) -> Case:
        """A bundle of this story, as it is or with something left out or changed."""
        chance = self.chance
        bundle = self.bundle()
        if chance.random() < 0.25:
            bundle = self.with_less(bundle)
        content = bundle.format()
        if chance.random() < 0.2:
            content = mutated(content, [content, self.bundle().format()], chance)
        return Case(content, self.trust_root(), self.question(bundle))

    def bundle(self) -> Bundle:
        """About the consignment, or about some records of it."""
        it, chance = self.it, self.chance
        receipts = self.receipts if chance.random() < 0.7 else []
        anchored = [signed for signed in self.records if it.to_show(signed).places]
        if chance.random() < 0.2:
            left_out = [chance.choice(self.records)] if chance.random() < 0.2 else []
            shown = chance.choice(([], [], ["ucr"], ["ucr", "status"]))
            return it.single_use_bundle(NUMBER, shown=shown, without=left_out)
        if chance.random() < 0.5 or not anchored:
            ucr = chance.choice((UCR, UCR, UCR, OTHER_UCR, f"{UCR}9"))
            members = it.set_of(ucr)
            if chance.random() < 0.3:
                members = set(MEMBERS) if chance.random() < 0.5 else members - {chance.choice(list(MEMBERS))}
            left_out = [chance.choice(self.records)] if chance.random() < 0.15 else []
            return it.consignment_bundle(ucr, receipts, members=members, without=left_out)
        shown = chance.sample(anchored, min(len(anchored), chance.choice((1, 1, 2, 3))))
        opened = chance.random() < 0.6
        if chance.random() < 0.6:
            return it.record_bundle(*shown, receipts=receipts, opened=opened)
        subjects = [signed.record_id for signed in shown[:1]]
        return it.bundle(subjects, [it.to_show(signed) for signed in anchored], None, receipts, opened=opened)

    def with_less(self, bundle: Bundle) -> Bundle:
        """Something withheld or left out, the proofs still whole."""
        kind = self.chance.randrange(4)
        if kind == 0:
            kept = ["status", "names", "declaration", "references", "ucr"]
            return redact(bundle, [name for name in kept if self.chance.random() < 0.7])
        if kind == 1:
            return bundle.with_records(
                tuple(
                    replace(record, signed=record.signed.with_elements(())) if self.chance.random() < 0.5 else record
                    for record in bundle.records
                )
            )
        request = bundle.slot_request
        if kind == 2:
            keys = {name: self.fewer(versions) for name, versions in (request.keys or {}).items()}
            return prove_anew(self.it, bundle, replace(request, keys=keys))
        members = {name: self.fewer(versions) for name, versions in (request.members or {}).items()}
        return prove_anew(self.it, bundle, replace(request, members=members))

    def fewer(self, versions: Sequence[int]) -> tuple[int, ...]:
        """Version indexes of a fact without one, but for the two that show which is the newest."""
        last = len(versions) - 2
        if last <= 0 or self.chance.random() < 0.5:
            return tuple(versions)
        gone = self.chance.randrange(last)
        return tuple(version for at, version in enumerate(versions) if at != gone)

    def trust_root(self) -> TrustRoot:
        """The right one, or one that demands more votes."""
        root = self.it.trust_root()
        return replace(root, least_votes=3) if self.chance.randrange(40) == 0 else root

    def question(self, bundle: Bundle) -> Demand:
        """Mostly nothing special is"""
        it, chance = self.it, self.chance
        if chance.random() < 0.6:
            return Demand()
        return Demand(
            as_of=chance.choice((None, it.block - 1, it.block, it.block - 3, it.block + 9)),
            ucr=chance.choice((None, None, UCR, OTHER_UCR)),
            record=chance.choice((None, None, self.records[0].record_id)),
            current=chance.random() < 0.6,
            number=chance.choice((None,) * 6 + ("INV-1", "inv-1", "INV-2", NUMBER.name)),
        )


def cases(count: int, seed: int) -> Iterator[Case]:
    """So many cases, the structure of their stories drawn from the seed."""
    chance = random.Random(seed)
    for number in range(count):
        if number % CASES_A_STORY == 0:
            story = Story(random.Random(chance.random()))
        yield story.case()


def expected(case: Case) -> dict[str, Json]:
    """What our verifier says of it, in short."""
    report = verify_file(case.bundle, case.trust_root, case.question)
    refuted = report.verdict.is_refuted
    return {
        "verdict": report.verdict.name,
        "verdicts": {subject: verdict.name for subject, verdict in report.verdicts.items()},
        "checks": [answer.outcome.name for answer in report.answers],
        "counted": {} if refuted else {one.record_id: one.not_counted is None for one in report.records},
        "amended_by": {} if refuted else {one.record_id: one.amended_by for one in report.records if one.amended_by},
        "findings": {one.record: [str(one.outcome), one.follows_now] for one in report.findings},
        "receipts": [str(one.fate) for one in report.receipts],
        "erased": {
            one.record_id: {name: [by.record_id, by.rule] for name, by in one.erased.items()}
            for one in report.records
            if one.erased
        },
        "covered_until_block": None if refuted else report.covered_until_block,
    }


def as_json(case: Case) -> dict[str, Json]:
    """A case as a line for another implementation."""
    return {
        "bundle": base64url(case.bundle),
        "trust_root": base64url(case.trust_root.format()),
        "question": asdict(case.question),
        "expected": expected(case),
    }


def differences(command: Sequence[str], lines: Iterable[dict[str, Json]]) -> list[dict[str, Json]]:
    """The cases of which another implementation, started as a command, says something else; with what it says.

    It answers while the next cases are made, and only those that are under way are kept.
    """
    pending: deque[dict[str, Json]] = deque()
    differing: list[dict[str, Json]] = []

    def compare(answers: IO[str]) -> None:
        # Closed also where an answer cannot be read: the other then ends, and so does who writes to it.
        with answers:
            for answer in answers:
                line, got = pending.popleft(), json.loads(answer)
                if got != line["expected"]:
                    differing.append({**line, "got": got})

    with subprocess.Popen(list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None and other.stdout is not None
        with ThreadPoolExecutor(1) as reader:
            comparing = reader.submit(compare, other.stdout)
            with other.stdin:
                for line in lines:
                    pending.append(line)
                    other.stdin.write(json.dumps(line) + "\n")
            comparing.result()
    assert other.returncode == 0 and not pending
    return differing


def main(
    count: int = 1000,
    seed: int = 1,
    against: Annotated[str | None, typer.Option(help="the command of another implementation")] = None,
) -> int:
    """Print cases, or the differences from another implementation."""
    lines = (as_json(case) for case in cases(count, seed))
    if against is None:
        for line in lines:
            print(json.dumps(line))
        return 0
    differing = differences(shlex.split(against), lines)
    for difference in differing:
        print(json.dumps(difference))
    print(f"{count} cases, {len(differing)} differ", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(run_program("python -m tests.vectors.stories", main))
