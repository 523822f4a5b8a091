"""What the gateway's answers mean, one by one and in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import httpx
import pytest

from adapters.runner.submission import Outcome, record_jti, submit, submit_many
from adapters.sources.envelope import Envelope, MalformedEnvelope
from chain.errors import Refused
from chain.keys import SigningKey
from chain.sdjwt import SignedRecord, issue
from gateway.client import GatewayBusy, Receipt, Verdict
from tests.record_numbers import SECRET, jti_of


def _records(count: int) -> list[SignedRecord]:
    key = SigningKey.generate()
    return [
        issue(
            {"ucr": ["6CN91110000600037341L-0001"], "note": ["x"]},
            vct="logistics.event",
            iss="91110000600037341L",
            consortium="ab" * 32,
            iat=1,
            jti=jti_of(f"j{n}"),
            key=key,
        )
        for n in range(count)
    ]


class _Answers:
    """Gives prepared answers, in bulk or singly."""

    def __init__(self, *answers: Exception | str | dict[str, object]) -> None:
        self.answers = list(answers)

    def submit(self, record: SignedRecord) -> object:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def references(self, kind: str, value: str, scope: str = "", on: str = "") -> list[str]:
        return []


class _Bulk(_Answers):
    def submit_bulk(self, records: Iterable[SignedRecord]) -> Iterator[Verdict]:
        for line, _ in enumerate(records, 1):
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, dict):
                yield Verdict(line, None, answer)
            else:
                yield Verdict(line, Receipt(answer, "r", "g", (), 0, 0), None)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("receipt", Outcome.ACCEPTED),
        (Refused("no role", code="4002"), Outcome.REFUSED),
        (GatewayBusy({"type": "urn:x/outbox-full"}, None), Outcome.LATER),
        (GatewayBusy({"type": "urn:x/amends-unknown"}, None), Outcome.WAIT),
        (httpx.ConnectError("down"), Outcome.LATER),
    ],
)
def test_an_answer_means_one_outcome(answer: Exception | str, outcome: Outcome) -> None:
    assert submit(_Answers(answer), _records(1)[0]).outcome is outcome


def test_bulk_verdicts_come_in_order_and_stop_at_the_first_that_is_not_known() -> None:
    answers = _Bulk(
        *["receipt"] * 3,
        {"type": "https://x/role", "status": 403, "code": "4002", "detail": "no"},
        {"type": "https://x/amends-unknown", "status": 409},
        "receipt",
        {"type": "https://x/outbox-full", "status": 503},
        *["receipt"] * 5,
    )
    outcomes = [answer.outcome for answer in submit_many(answers, _records(12))]
    a, r, w = Outcome.ACCEPTED, Outcome.REFUSED, Outcome.WAIT
    assert outcomes == [a, a, a, r, w, a, Outcome.LATER]


def test_a_broken_upload_leaves_the_rest_for_later() -> None:
    answers = _Bulk("receipt", "receipt", httpx.ReadError("cut"))
    assert [a.outcome for a in submit_many(answers, _records(9))] == [Outcome.ACCEPTED] * 2 + [Outcome.LATER]


def test_the_jti_depends_on_the_secret_and_on_every_part_of_the_entitys_name() -> None:
    envelope = Envelope("m-1", "CEB621", "91110000600037341L", "2026-03-02T01:00:00Z")
    other = Envelope("m-2", "CEB621", "91110000600037341L", "2026-03-02T01:00:00Z")
    jtis = {
        record_jti(SECRET, envelope, 0, "a"),
        record_jti(SECRET, envelope, 1, "a"),
        record_jti(SECRET, envelope, 0, "b"),
        record_jti(SECRET, other, 0, "a"),
        record_jti(bytes(32), envelope, 0, "a"),
    }
    assert len(jtis) == 5
    assert record_jti(SECRET, envelope, 0, "a") in jtis, "a second run gives the same"


def test_a_secret_of_another_length_numbers_nothing() -> None:
    envelope = Envelope("m-1", "CEB621", "91110000600037341L", "2026-03-02T01:00:00Z")
    for secret in (b"", bytes(16), bytes(33)):
        with pytest.raises(ValueError, match="32 bytes"):
            record_jti(secret, envelope, 0, "a")


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": "../x"},
        {"sender": "short"},
        {"sent_at": "yesterday"},
        {"ucrs": {"-1": ["6CN91110000600037341L-0001"]}},
        {"ucrs": {"0": []}},
        {"ucrs": {"0": ["6CN91110000600037341L-\u0410001"]}},
        {"ucrs": {"0": ["6CN91110000600037341L-0001 "]}},
        {"ucrs": {"0": ["6CN91110000600037341L-0001\u200b"]}},
        {"ucrs": {"0": ["6CN91110000600037341L-" + "0" * 5_000]}},
        {"ucrs": {"0": [7]}},
        {"ucrs": []},
        {"colour": "red"},
    ],
)
def test_an_envelope_with_a_wrong_member_is_refused(change: dict[str, object]) -> None:
    envelope = Envelope(
        "m-1", "CEB621", "91110000600037341L", "2026-03-02T01:00:00Z", {0: ("6CN91110000600037341L-1",)}
    )
    assert Envelope.parse(envelope.format()) == envelope
    with pytest.raises(MalformedEnvelope):
        Envelope.parse({**envelope.format(), **change})
