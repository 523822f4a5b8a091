"""The customs status machine: folds what customs answered about one declaration into a state and flags.

What is signed counts. A receipt may be lost, late or sent twice, so no step is forbidden: a state has a rank, and a
word of lower rank moves nothing back.

```
rank 0 SUBMITTED
rank 1 REJECTED, ACCEPTED, MANUAL_REVIEW, ASSESSED, INSPECTION, DETAINED: they move among themselves, the last counts
rank 2 RELEASED        rank 3 CLOSED        rank 4 RETURNED, WITHDRAWN
```

REJECTED is the one state that a new lodging leaves. Flags stand beside the state: `against_guarantee` (B 担保验放),
`inspection_called` (C 放行-查验通知), `papers_due` (G, F), `conditional_lift_off` (附条件提离), `re_examination` (a
review, inspection or detention said after release), `withdrawn_after_release` (D), `tax_paid`. A remark is told with
severity I; one contradiction is left, a release after a deletion before release, and it is M.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

SUBMITTED: Final = "SUBMITTED"
RANKS: Final[Mapping[str, int]] = {
    "": -1,
    SUBMITTED: 0,
    "REJECTED": 1,
    "ACCEPTED": 1,
    "MANUAL_REVIEW": 1,
    "ASSESSED": 1,
    "INSPECTION": 1,
    "DETAINED": 1,
    "RELEASED": 2,
    "CLOSED": 3,
    "RETURNED": 4,
    "WITHDRAWN": 4,
}
"""State to its rank: a word of a lower rank moves nothing back."""
FINAL_STATES: Final = frozenset({"CLOSED", "RETURNED", "WITHDRAWN"})
IN_HAND: Final = frozenset({"MANUAL_REVIEW", "ASSESSED", "INSPECTION", "DETAINED"})
"""States of a declaration that customs is looking at."""

AGAINST_GUARANTEE: Final = "against_guarantee"
INSPECTION_CALLED: Final = "inspection_called"
PAPERS_DUE: Final = "papers_due"
CONDITIONAL_LIFT_OFF: Final = "conditional_lift_off"
LIFT_OFF_APPLIED: Final = "lift_off_applied"
"""Conditional lift-off is applied for in the declaration: it allows nothing, customs' word alone does."""
RE_EXAMINATION: Final = "re_examination"
WITHDRAWN_AFTER_RELEASE: Final = "withdrawn_after_release"

MAY_LEAVE_QUAY: Final = frozenset({AGAINST_GUARANTEE, INSPECTION_CALLED, PAPERS_DUE, CONDITIONAL_LIFT_OFF})
"""Flags under which goods may leave the quay for another supervised place before release."""
MAY_DELIVER: Final = frozenset({AGAINST_GUARANTEE})
"""Flags under which goods may be handed to whom they are for before release."""
MAY_PAY_LATER: Final = frozenset({AGAINST_GUARANTEE})
"""Flags under which release precedes payment."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a code of customs means beside the state that its adapter maps it to."""

    state: str = ""
    """State of codes that records map to none; empty where the record's own word counts."""
    flags: frozenset[str] = frozenset()
    deleted: str = ""
    """`before` or `after` release, where the code deletes the declaration."""


_DELETED_BEFORE: Final = Receipt("WITHDRAWN", deleted="before")
RECEIPTS: Final[Mapping[tuple[str, str], Receipt]] = {
    ("cn-channel", "B"): Receipt("RELEASED", frozenset({AGAINST_GUARANTEE})),
    ("cn-channel", "C"): Receipt("INSPECTION", frozenset({INSPECTION_CALLED})),
    ("cn-channel", "G"): Receipt("", frozenset({PAPERS_DUE})),
    ("cn-channel", "F"): Receipt("", frozenset({PAPERS_DUE})),
    ("cn-channel", "A"): _DELETED_BEFORE,
    ("cn-channel", "Z"): _DELETED_BEFORE,
    ("cn-channel", "D"): Receipt("WITHDRAWN", frozenset({WITHDRAWN_AFTER_RELEASE}), deleted="after"),
    ("wco-function", "08"): Receipt("", frozenset({CONDITIONAL_LIFT_OFF})),
}
"""(code list, code) to what it means. Codes that only move the state need no row: their record says the state."""
LIFT_OFF_WORDS: Final = ("附条件提离", "准予提离", "CONDITIONAL LIFT")
"""Words in a receipt's notes by which customs allows goods to leave the quay before release."""
NOTES_READ_MAX: Final = 50
"""Notes of one receipt that are looked at."""


@dataclass(frozen=True, slots=True)
class Word:
    """One statement that may move the state: a lodging, or an answer of customs."""

    record: str
    at: str
    """When it was said, UTC to the second."""
    order: tuple[int, int, int, str]
    """Place in the chain's order, for words of one second."""
    state: str = ""
    """The state that it asks for; empty where it keeps the state."""
    system: str = ""
    code: str = ""
    """The answer in its own code list; empty for a lodging."""
    notes: tuple[str, ...] = ()
    tax_paid: bool = False
    known: bool = True
    """False where a table of the code list exists and does not have the code."""
    competent: bool = True
    """Whether its office may speak of the declaration; where not, it moves nothing."""


@dataclass(frozen=True, slots=True)
class StatusRemark:
    """Something about the order of the words, with the words that it rests on."""

    kind: str
    """`gap`, `late`, `re-examination`, `unknown-code`, `lodged-again`, `not-competent`, `released-after-deletion`."""
    word: Word
    since: Word | None
    """The word that led to the state in which `word` came."""
    state: str
    """The state in which it came."""


@dataclass(frozen=True, slots=True)
class StatusStep:
    """One word with the state before and after it."""

    word: Word
    before: str
    after: str
    since: Word | None

    @property
    def moved(self) -> bool:
        """Whether the state changed."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Status:
    """The state of one declaration with its flags and timeline."""

    state: str = ""
    """Empty where nothing was said yet."""
    flags: frozenset[str] = frozenset()
    steps: tuple[StatusStep, ...] = ()
    remarks: tuple[StatusRemark, ...] = ()
    tax_paid: tuple[Word, ...] = ()
    flagged: tuple[tuple[str, Word], ...] = ()
    """Each flag with the word that set it, in the order of time."""

    def first(self, *states: str) -> Word | None:
        """The earliest word that moved the declaration into one of the states."""
        return next((step.word for step in self.steps if step.moved and step.after in states), None)

    def allowed_to_leave_by(self, *, delivered: bool = False) -> Word | None:
        """The earliest word by which goods may leave: release, closing, or a flag that allows it.

        `delivered` asks for handing them to whom they are for; else for leaving the quay.
        """
        allowing = [word for flag, word in self.flagged if flag in (MAY_DELIVER if delivered else MAY_LEAVE_QUAY)]
        released = [word for word in (_said(self, "RELEASED"), _said(self, "CLOSED")) if word]
        return min([*allowing, *released], key=lambda word: (word.at, word.order), default=None)


def _said(status: Status, state: str) -> Word | None:
    """The earliest competent word of that state, also where it came late and moved nothing."""
    return next((step.word for step in status.steps if step.word.competent and asked_state(step.word) == state), None)


def receipt_of(word: Word) -> Receipt:
    """What the word's code means beside its state."""
    return RECEIPTS.get((word.system, word.code), _PLAIN)


_PLAIN: Final = Receipt()


def asked_state(word: Word) -> str:
    """The state that the word asks for: its record's own, else what the code means."""
    return word.state or receipt_of(word).state


def flags_of(word: Word) -> frozenset[str]:
    """The flags that the word sets."""
    flags = receipt_of(word).flags
    if any(mark in note.upper() for note in word.notes[:NOTES_READ_MAX] for mark in LIFT_OFF_WORDS):
        flags |= {CONDITIONAL_LIFT_OFF}
    return flags


def fold_status(words: Iterable[Word], flags: Iterable[str] = ()) -> Status:
    """The state after all words, in the order of customs' own time, then the chain's; never of arrival.

    `flags` are those that the declaration itself brings with it.
    """
    state, since = "", None
    steps: list[StatusStep] = []
    remarks: list[StatusRemark] = []
    paid: list[Word] = []
    flagged: list[tuple[str, Word]] = []
    for word in sorted(words, key=lambda one: (one.at, one.order)):
        if not word.competent:
            remarks.append(StatusRemark("not-competent", word, since, state))
            steps.append(StatusStep(word, state, state, since))
            continue
        if word.tax_paid:
            paid.append(word)
        after, kind = _next_state(state, since, word)
        if kind:
            remarks.append(StatusRemark(kind, word, since, state))
        if kind == "re-examination":
            flagged.append((RE_EXAMINATION, word))
        flagged += [(flag, word) for flag in sorted(flags_of(word))]
        steps.append(StatusStep(word, state, after, since))
        if after != state:
            state, since = after, word
    all_flags = frozenset(flag for flag, _ in flagged) | frozenset(flags)
    return Status(state, all_flags, tuple(steps), tuple(remarks), tuple(paid), tuple(flagged))


def _next_state(state: str, since: Word | None, word: Word) -> tuple[str, str]:
    """The state after the word and the kind of remark that it is worth; empty where it is worth none."""
    wanted = asked_state(word)
    if not word.known or wanted not in RANKS:
        return state, "unknown-code"
    if wanted in ("", state):
        return state, ""
    if not state:
        return wanted, ""
    if wanted == SUBMITTED:
        return (SUBMITTED, "") if state == "REJECTED" else (state, "lodged-again")
    if state == "WITHDRAWN" and wanted == "RELEASED" and since and receipt_of(since).deleted == "before":
        return wanted, "released-after-deletion"
    if RANKS[wanted] < RANKS[state] or {wanted, state} == {"RETURNED", "WITHDRAWN"}:
        if wanted in IN_HAND and since and AGAINST_GUARANTEE in flags_of(since):
            return state, ""
        is_review = wanted in IN_HAND and state in ("RELEASED", "CLOSED")
        return state, "re-examination" if is_review else "late"
    return wanted, "gap" if _skips(state, wanted) else ""


def _skips(state: str, wanted: str) -> bool:
    """Whether a word between the two states was lost: acceptance before review and release, release before closing."""
    if state in (SUBMITTED, "REJECTED"):
        return wanted not in ("ACCEPTED", "REJECTED", "WITHDRAWN")
    return wanted == "CLOSED" and state != "RELEASED"
