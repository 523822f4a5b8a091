"""Load: records as adapters make them, from the single window's generator with a fixed seed, signed beforehand."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

from adapters.registry import read_message
from adapters.single_window_mock.load import LINES, consignments
from adapters.single_window_mock.parcel import Parcel, lodge, reply
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.script import Script, Story
from chain.claims import make_jti
from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.records import parse_record, sign_record
from chain.records.customs import CustomsDeclaration
from chain.sdjwt import SignedRecord
from scripts.bootstrap import profiles

STARTED = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
CONSORTIUM = "ab" * 32
STORY_RECORDS = 9
"""Records of a whole consignment: order, payment, waybill, list, four replies, tax bill."""
_PASSPHRASE = b"between processes of this benchmark"
_REPLIES = ("120", "300", "500", "399", "800")


def cast() -> Cast:
    """The example consortium's members as the generator takes them."""
    members = [
        {"uscc": m.uscc, "customs_code": m.customs_code, "name": m.name, "slug": m.slug, "roles": m.roles}
        for m in profiles()
    ]
    return Cast.of_members(members)


def messages(count: int, first: int = 1, lines: int = LINES) -> Iterator[tuple[bytes, tuple[Ucr, ...]]]:
    """(native bytes, UCRs) of `count` declaration lists (CEB621) of so many lines, one a consignment."""
    for story in consignments(cast(), first, count, STARTED, lines=lines):
        for message in story.messages:
            yield message.body, tuple(Ucr.parse(ucr) for ucr in story.ucrs)


def signed_records(
    count: int,
    key: SigningKey,
    iss: str,
    consortium: str = CONSORTIUM,
    *,
    iat: int,
    first: int = 1,
    lines: int = LINES,
) -> Iterator[SignedRecord]:
    """`count` signed `customs.declaration` records of so many lines, of as many consignments."""
    for place, (body, ucrs) in enumerate(messages(count, first, lines)):
        (entity,) = read_message(body).entities
        if entity.record is None:
            raise ValueError("the generator made a message that becomes no record")
        record = entity.record.for_ucrs(ucrs)
        yield sign_record(
            record, key=key, iss=iss, consortium=consortium, iat=iat, jti=make_jti(bytes(32), f"bench-{first + place}")
        )


def signed_bodies(count: int, key: SigningKey, iss: str, consortium: str, *, iat: int, first: int = 1) -> list[bytes]:
    """The same as bytes, made on every core: signing is not what is measured."""
    cores = os.cpu_count() or 1
    pem, portion = key.to_pem(_PASSPHRASE), -(-count // cores)
    end = first + count
    work = [(pem, iss, consortium, iat, at, min(portion, end - at)) for at in range(first, end, portion)]
    with ProcessPoolExecutor(cores) as pool:
        return [body for bodies in pool.map(_signed_portion, work) for body in bodies]


def story_records(
    numbers: Iterable[int], keys: Mapping[str, SigningKey], consortium: str, iat: int
) -> Iterator[tuple[Ucr, list[SignedRecord]]]:
    """Whole consignments of `STORY_RECORDS` records each, said by the members whose keys are given by USCC."""
    for number in numbers:
        (story,) = consignments(cast(), number, 1, STARTED, whole=True)
        yield Ucr.parse(story.ucrs[0]), _signed_story(story, keys, consortium, iat)


def lying_story_records(
    numbers: Iterable[int], keys: Mapping[str, SigningKey], consortium: str, iat: int
) -> Iterator[tuple[Ucr, list[SignedRecord], SignedRecord]]:
    """Whole consignments without their declaration, and that declaration with a gross weight below its net one."""
    for ucr, records in story_records(numbers, keys, consortium, iat):
        (true,) = [record for record in records if record.vct == CustomsDeclaration.TYPE]
        declared = parse_record(true)
        transport = declared.transport if isinstance(declared, CustomsDeclaration) else None
        if transport is None or (net := transport.net) is None:
            raise ValueError("a whole consignment's declaration says its net weight")
        gross = net.model_copy(update={"value": f"{Decimal(net.value) / 2:.5f}"})
        lie = sign_record(
            declared.model_copy(update={"transport": transport.model_copy(update={"gross": gross})}),
            key=keys[true.iss],
            iss=true.iss,
            consortium=consortium,
            iat=iat,
            jti=true.jti,
        )
        yield ucr, [record for record in records if record is not true], lie


def long_story_records(
    count: int, keys: Mapping[str, SigningKey], consortium: str, iat: int, number: int = 1
) -> tuple[Ucr, list[SignedRecord]]:
    """One consignment of `count` records: a whole one on which customs replies again and again."""
    script = Script("load", "L", cast(), number, STARTED)
    parcel = Parcel(script, LINES)
    lodge(script, parcel)
    for place in range(count - 6):
        reply(script, parcel, _REPLIES[place % len(_REPLIES)], minutes=2)
    script.send(script.cast.customs, "CEB816", parcel.tax_bill(), named=False)
    return Ucr.parse(script.ucr), _signed_story(script.story(), keys, consortium, iat)


def _signed_story(story: Story, keys: Mapping[str, SigningKey], consortium: str, iat: int) -> list[SignedRecord]:
    ucrs = [Ucr.parse(ucr) for ucr in story.ucrs]
    signed = []
    for message in story.messages:
        for place, entity in enumerate(read_message(message.body).entities):
            if entity.record is None:
                continue
            iss, jti = message.envelope.sender, make_jti(bytes(32), message.envelope.id, str(place))
            record = entity.record.for_ucrs(ucrs)
            signed.append(sign_record(record, key=keys[iss], iss=iss, consortium=consortium, iat=iat, jti=jti))
    return signed


def _signed_portion(work: tuple[bytes, str, str, int, int, int]) -> list[bytes]:
    pem, iss, consortium, iat, first, count = work
    key = SigningKey.load(pem, _PASSPHRASE)
    return [
        one.serialize().encode("ascii") for one in signed_records(count, key, iss, consortium, iat=iat, first=first)
    ]
