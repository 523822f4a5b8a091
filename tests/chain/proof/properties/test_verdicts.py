"""Two properties over random stories: nobody spoils what others said (P13), and less is never more (monotone)."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.encoding import base64url
from chain.keys import SigningKey
from chain.members import KeyState, MemberState, Role
from chain.proof import batch
from chain.proof.hashes import sha256
from chain.sdjwt import SignedRecord
from chain.verify import Verdict, verify_file
from chain.verify.context import Demand
from scripts.forgeries import record_left_out
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, OTHER_UCR, UCR, Consortium

STRANGER = "914400001000000096"
HONEST = ("declare", "status", "amend", "rotate", "checkpoint")
HOSTILE = (
    "say",
    "say of both",
    "misfile",
    "file in another's lane",
    "sign nothing",
    "repeat a number",
    "compromise",
    "revoke",
    "contest",
    "leave",
    "anchor again",
    "name everybody",
    "anchor junk",
    "anchor junk in another's lane",
)
STORIES = st.lists(st.sampled_from((*HONEST, *HOSTILE)), min_size=2, max_size=9)


@dataclass
class Story:
    """A consortium whose honest members speak of one consignment while a stranger does what it can."""

    it: Consortium
    honest: list[SignedRecord]
    stranger: list[SignedRecord]

    @classmethod
    def play(cls, steps: Sequence[str]) -> Story:
        """The story of these steps, all of it anchored under a last checkpoint."""
        it = Consortium()
        it.add_member(STRANGER, Role.BROKER)
        it.block += 1
        story = cls(it, [], [])
        story.declare("customs.declaration", BROKER)
        for step in steps:
            story.step(step)
        it.anchor(it.record(ucrs=(OTHER_UCR,)))
        it.checkpoint()
        return story

    def step(self, step: str) -> None:
        """One step of whoever it is of."""
        it = self.it
        if step == "declare":
            self.declare("customs.declaration", BROKER)
        elif step == "status":
            self.declare("customs.status", CUSTOMS)
        elif step == "amend":
            self.declare("customs.declaration", BROKER, amends=self.honest[0].record_id)
        elif step == "rotate":
            it.begin_epoch(len(it.batches) + 1)
        elif step == "checkpoint":
            it.checkpoint()
        elif step in ("compromise", "revoke", "contest", "leave"):
            self.end(step)
        elif step.startswith("anchor junk"):
            issuer = BROKER if "another" in step else STRANGER
            it.anchor_entries([batch.entry(it.tag(UCR, issuer, self.epoch), sha256(b"%d" % it.block))])
        else:
            self.attack(step)

    def declare(self, vct: str, issuer: str, amends: str | None = None) -> None:
        """An honest record, anchored at once in the epoch of its batch."""
        signed = self.it.record(issuer, vct=vct, amends=amends)
        self.honest.append(signed)
        self.it.anchor_entries(self.it.entries_of(signed, self.epoch))

    @property
    def epoch(self) -> int:
        """The epoch that a gateway files in now."""
        return max(at for at, one in enumerate(self.it.epochs) if one.from_batch <= len(self.it.batches))

    def end(self, step: str) -> None:
        """The stranger does something with its own key or membership, and goes on with a new key."""
        it, since = self.it, {"compromised_since": 1}
        if step == "leave":
            it.set_member(STRANGER, MemberState.SUSPENDED, Role.BROKER)
        elif step == "revoke":
            it.set_key(STRANGER, KeyState.REVOKED)
        elif step == "contest":
            it.set_key(STRANGER, KeyState.ACTIVE, contested=True, **since)
        else:
            it.set_key(STRANGER, KeyState.COMPROMISED, **since)
        it.keys[f"old {len(it.keys)}"] = it.keys[STRANGER]
        it.keys[STRANGER] = SigningKey.generate()
        it.set_key(STRANGER, KeyState.ACTIVE)
        it.block += 1

    def attack(self, step: str) -> None:
        """The stranger says something, or a rogue gateway anchors something."""
        it = self.it
        ucrs = {"say of both": (UCR, OTHER_UCR), "misfile": (OTHER_UCR,)}.get(step, (UCR,))
        jti = self.honest[0].jti if step == "repeat a number" else None
        names = {"status": ["R"], "names": [STRANGER, BROKER, CUSTOMS]} if step == "name everybody" else None
        signed = it.record(STRANGER, ucrs=ucrs, jti=jti, sections=names)
        if step == "sign nothing":
            head = signed.jwt.rsplit(".", 1)[0]
            forged = signed.serialize().replace(signed.jwt, f"{head}.{base64url(b'7' * 64)}")
            signed = it.keep(SignedRecord.parse(forged))
        self.stranger.append(signed)
        entries = it.entries_of(signed, self.epoch)
        if step == "misfile":
            entries = [batch.entry(it.tag(UCR, STRANGER, self.epoch), entries[0][16:])]
        elif step == "file in another's lane":
            entries = [batch.entry(it.tag(UCR, BROKER, self.epoch), entries[0][16:])]
        elif step == "anchor again":
            entries = [*it.entries_of(self.honest[-1], self.epoch), *entries]
        it.anchor_entries(entries)

    def told(self) -> list[tuple[int, bool, int | None]]:
        """Of each honest record that the consignment's bundle shows: which, whether it counts, what replaces it."""
        ids = [signed.record_id for signed in self.honest]
        report = verify_file(self.it.consignment_bundle().format(), self.it.trust_root())
        assert report.verdict is Verdict.VALID and report.is_complete, report
        assert not any(one.issuer == STRANGER for one in report.records if one.not_counted is None)
        return sorted(
            (ids.index(one.record_id), one.not_counted is None, ids.index(one.amended_by) if one.amended_by else None)
            for one in report.records
            if one.record_id in ids
        )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORIES)
def test_nothing_that_a_stranger_or_gateway_does_changes_what_is_told_of_the_others(steps: list[str]) -> None:
    quiet = Story.play([step for step in steps if step in HONEST])
    spoiled = Story.play(steps)
    told = spoiled.told()
    assert told == quiet.told()
    assert [place for place, counts, _ in told if counts] == list(range(len(spoiled.honest)))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORIES, st.integers(0, 1 << 32))
def test_removing_anything_never_turns_another_verdict_into_valid(steps: list[str], seed: int) -> None:
    # Keys differ from run to run: what is removed is drawn apart from what hypothesis draws.
    chance = random.Random(seed)
    story = Story.play(steps)
    it, root = story.it, story.it.trust_root()
    late = it.record()
    it.anchor(late)
    subjects = [*story.stranger, story.honest[0], late]
    demand = Demand(current=chance.random() < 0.5)
    shown = [it.record_bundle(one, opened=chance.random() < 0.5).format() for one in subjects if it.to_show(one).places]
    shown.append(it.consignment_bundle(receipts=[it.receipt(late, anchor_by=it.time - 30)]).format())
    for content in shown:
        for asked in (demand, Demand(as_of=it.block + 9)):
            if verify_file(content, root, asked).verdict is Verdict.VALID:
                continue
            left_out = record_left_out(content, content, root)
            for less in (*(_without_something(content, chance) for _ in range(12)), left_out):
                report = verify_file(less, root, asked)
                if report.verdict is Verdict.VALID:
                    # What is younger than a day may stay without its record; then the claim ends before it.
                    assert report.pending and asked.as_of is None


def _without_something(content: bytes, chance: random.Random) -> bytes:
    """The bundle without one item of one of its lists, or without one of two lists' counterparts."""
    value = json.loads(content)
    lists = [found for found in _lists(value) if found]
    found = chance.choice(lists)
    del found[chance.randrange(len(found))]
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _lists(value: object) -> list[list[object]]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    here = [value] if isinstance(value, list) else []
    return here + [found for one in inner for found in _lists(one)]
