"""Bytes held at once: nobody holds more than its share, and what is let go is there again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chain.byte_shares import ByteShares

PER_CLIENT, ALL = 100, 250


def test_a_client_holds_its_share_and_all_hold_theirs() -> None:
    shares = ByteShares(PER_CLIENT, ALL)
    assert [shares.take(client, 100) for client in "abc"] == [True, True, False]
    assert not shares.take("a", 1) and shares.take("c", 50) and not shares.take("d", 1)
    shares.give_back("a", 100)
    assert shares.take("d", 100)


def test_what_a_request_holds_beyond_the_free_bytes_is_counted_and_given_back_whatever_happens() -> None:
    shares = ByteShares(PER_CLIENT, ALL)
    try:
        with shares.holding("a", free=10) as held:
            assert held.grow(10) and shares.total == 0
            assert held.grow(90) and shares.total == 90
            assert not held.grow(11) and shares.total == 90
            raise OSError
    except OSError:
        assert shares.total == 0


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 120)), max_size=40))
def test_no_order_of_taking_and_giving_back_passes_a_bound(asked: list[tuple[str, int]]) -> None:
    shares, held = ByteShares(PER_CLIENT, ALL), []
    for client, count in asked:
        if shares.take(client, count):
            held.append((client, count))
        elif held:
            shares.give_back(*held.pop(0))
        of_client = sum(size for name, size in held if name == client)
        assert of_client <= PER_CLIENT and shares.total == sum(size for _, size in held) <= ALL
