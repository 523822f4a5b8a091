"""A gateway that answers anything but what was asked is a fault of its own, told in a sentence."""

from __future__ import annotations

import httpx
import pytest

from chain.keys import SigningKey
from gateway.replication.peer import Peer, PeerFault

TOKEN = {"access_token": "x", "expires_in": 300}


def peer(*answers: httpx.Response) -> Peer:
    left = list(answers)
    transport = httpx.MockTransport(lambda request: left.pop(0))
    return Peer("M", "http://peer.test", own_member="N", signer=SigningKey.generate(), transport=transport)


@pytest.mark.parametrize(
    ("token", "batch", "what"),
    [
        (httpx.Response(200, json=[]), None, "token"),
        (httpx.Response(200, text="not json"), None, "token"),
        (httpx.Response(500, json={}), None, "."),
        (httpx.Response(200, json=TOKEN), httpx.Response(302, headers={"location": "http://inner/"}), "302"),
        (httpx.Response(200, json=TOKEN), httpx.Response(200, text='"a"\n"b'), "middle of a line"),
        (httpx.Response(200, json=TOKEN), httpx.Response(200, text='"a"\n'), "breaks off"),
        (httpx.Response(200, json=TOKEN), httpx.Response(200, text="[1]\n"), "end as it should"),
        (httpx.Response(200, json=TOKEN), httpx.Response(200, text='{"next":true,"records":0}\n'), "lies behind"),
        (httpx.Response(200, json=TOKEN), httpx.Response(200, text='"x"\n' * 2_049), "more records"),
    ],
)
def test_what_is_no_answer_is_a_fault(token: httpx.Response, batch: httpx.Response | None, what: str) -> None:
    with pytest.raises(PeerFault, match=what):
        list(peer(token, *([] if batch is None else [batch])).records(0))


def test_records_come_as_they_were_sent() -> None:
    batch = httpx.Response(200, text='"a~"\n"b~"\n{"next":null,"records":2}\n')
    assert list(peer(httpx.Response(200, json=TOKEN), batch).records(0)) == [b"a~", b"b~"]
