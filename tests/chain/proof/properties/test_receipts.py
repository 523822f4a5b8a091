"""A receipt of either form says what was promised, and no changed one is its gateway's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.encoding import base64url
from chain.errors import Malformed
from chain.keys import SigningKey
from chain.proof.receipt import GROUP_MAX, SignedReceipt
from gateway.ingest.receipts import Promised, sign_receipts

KEY, OTHER = SigningKey.generate(), SigningKey.generate()
GATEWAY, CONSORTIUM = "91310000100000003G", "ab" * 32
ACCEPTED_AT, ANCHOR_BY = 1_700_000_000, 1_700_000_300
ENTRIES = st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32)), max_size=4)
PROMISED = st.builds(Promised, st.binary(min_size=32, max_size=32).map(base64url), ENTRIES)


def signed(promised: list[Promised]) -> list[str]:
    times = {"accepted_at": ACCEPTED_AT, "anchor_by": ANCHOR_BY}
    return sign_receipts(promised, gateway=GATEWAY, consortium=CONSORTIUM, key=KEY, **times)


def is_signed(text: str) -> bool:
    try:
        return SignedReceipt.parse(text).verify(KEY.public)
    except Malformed:
        return False


@given(st.lists(PROMISED, min_size=1, max_size=70))
def test_each_receipt_says_what_was_promised_for_its_record(promised: list[Promised]) -> None:
    texts = signed(promised)
    assert ("~" in texts[0]) is (len(promised) > 1)
    for one, text in zip(promised, texts, strict=True):
        receipt = SignedReceipt.parse(text)
        assert (receipt.text, receipt.kid) == (text, KEY.public.kid)
        assert receipt.claims == {
            "iss": GATEWAY,
            "aud": CONSORTIUM,
            "record_id": one.record_id,
            "entries": [[tag.hex(), base64url(digest)] for tag, digest in one.entries],
            "accepted_at": ACCEPTED_AT,
            "anchor_by": ANCHOR_BY,
        }
        assert receipt.verify(KEY.public)
        assert not receipt.verify(OTHER.public)


@settings(max_examples=40)
@given(st.lists(PROMISED, min_size=2, max_size=9, unique_by=lambda one: one.record_id), st.data())
def test_no_part_of_one_receipt_fits_another(promised: list[Promised], data: st.DataObject) -> None:
    texts = [text.split("~") for text in signed(promised)]
    one, other = (texts[place] for place in data.draw(st.permutations(range(len(texts))))[:2])
    assert one[0] == other[0]
    part = data.draw(st.sampled_from((1, 2)))
    assert not is_signed("~".join([*one[:part], other[part], *one[part + 1 :]]))
    more = signed([*promised, promised[0]])[0].split("~")
    assert not is_signed("~".join([more[0], *one[1:]]))


@settings(max_examples=300)
@given(st.lists(PROMISED, min_size=1, max_size=5), st.data())
def test_no_changed_receipt_is_its_gateways(promised: list[Promised], data: st.DataObject) -> None:
    # Signatures differ from run to run: nothing is drawn that depends on more than their length.
    text = signed(promised)[data.draw(st.integers(0, len(promised) - 1))]
    place = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(("", "A", "~", ".", "0", "-", "=", " ", "twice")))
    put = text[place] * 2 if put == "twice" else put
    changed = text[:place] + put + text[place + 1 :]
    assert changed == text or not is_signed(changed)


@pytest.mark.parametrize("text", ["", "~", "~~~", "~~~~", "a~b~0~", "a.b.c~d~0~", "a" * 200_000 + "~b~0~"])
def test_what_has_neither_form_is_told_so(text: str) -> None:
    with pytest.raises(Malformed):
        SignedReceipt.parse(text)


def test_one_signature_has_its_limit_and_nothing_is_signed_for_nobody() -> None:
    assert signed([]) == []
    with pytest.raises(ValueError, match=f"at most {GROUP_MAX:_} ".replace("_", "")):
        signed([Promised("x", [])] * (GROUP_MAX + 1))
