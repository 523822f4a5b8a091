"""Load: records as adapters make them, from the single window's generator with a fixed seed, signed beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from adapters.messages import read_message
from adapters.single_window_mock.cast import Cast
from adapters.single_window_mock.load import consignments
from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.records import sign_record
from chain.sdjwt import SignedRecord
from scripts.founding import profiles

STARTED = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
CONSORTIUM = "ab" * 32


def cast() -> Cast:
    """The example consortium's members as the generator takes them."""
    members = [
        {"uscc": m.uscc, "customs_code": m.customs_code, "name": m.name, "slug": m.slug, "roles": m.roles}
        for m in profiles()
    ]
    return Cast.of_members(members)


def messages(count: int, first: int = 1) -> Iterator[tuple[bytes, tuple[Ucr, ...]]]:
    """(native bytes, UCRs) of `count` declaration lists (CEB621), one a consignment."""
    for story in consignments(cast(), first, count, STARTED):
        for message in story.messages:
            yield message.body, tuple(Ucr.parse(ucr) for ucr in story.ucrs)


def signed_records(
    count: int, key: SigningKey, iss: str, consortium: str = CONSORTIUM, *, iat: int, first: int = 1
) -> Iterator[SignedRecord]:
    """`count` signed `customs.declaration` records of ten lines, of as many consignments."""
    for place, (body, ucrs) in enumerate(messages(count, first)):
        (entity,) = read_message(body).entities
        if entity.record is None:
            raise ValueError("the generator made a message that becomes no record")
        record = entity.record.for_ucrs(ucrs)
        yield sign_record(record, key=key, iss=iss, consortium=consortium, iat=iat, jti=f"bench-{first + place}")
