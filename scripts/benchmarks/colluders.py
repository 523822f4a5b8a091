"""Five members outside a consignment say all that they may of it: what its view, its bundle and its verifier notice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from chain.claims import make_jti
from chain.identifiers import Ucr
from chain.records import sign_record
from chain.records.customs import CustomsRequest, CustomsStatus, RequestHead
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Amount, Code, Instant
from chain.records.sections import Status
from chain.records.trade import OrderHead, PaymentHead, TradeOrder, TradePayment
from chain.records.transport import Event
from chain.verify.results import Verdict
from chain.verify.trust_root import TrustRoot
from chain.verify.verifier import verify_file
from gateway.query.queries import Queries
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_most
from scripts.benchmarks.local_consortium import Town, now_s, open_town
from scripts.bootstrap import example_uscc

RECORDS, RECORDS_QUICK = 100_000, 2_500
STATUSES = 20
READER: Final = "customs"
GROWTH_MAX = 1.1
PORTION = 5_000
ALONE: Final = "nobody else spoke of it"
_MOMENT = Instant(utc="2026-11-20T10:00:00Z", said="2026-11-20T18:00:00+08:00")
_EVENT = LogisticsEvent(event=Event(code=Code(system="iata-cargo-status", value="DEP"), happened=_MOMENT))
_WORDS: Final = {
    "carrier": _EVENT,
    "terminal": _EVENT,
    "trader": TradeOrder(order=OrderHead(number="X1")),
    "broker": CustomsRequest(request=RequestHead(kind="other")),
    "bank": TradePayment(payment=PaymentHead(number="X2", amount=Amount(value="1.00", currency="CNY"))),
}
"""The colluders, and what each says again and again."""


def run(context: Context) -> Iterator[Figure]:
    """View, bundle and verification beside those of a consignment left alone; what the view shows is compared too."""
    count = RECORDS_QUICK if context.quick else RECORDS
    owner = example_uscc("330000", 4_243)
    ucr, twin = Ucr(f"6CN{owner}-COLLUDED"), Ucr(f"6CN{owner}-LEFTALONE")
    with open_town(context.scratch, lane_records_max=RECORDS // len(_WORDS)) as town:
        _tell(town, ucr)
        _tell(town, twin)
        root = TrustRoot.parse(Path(town.folder.trust_root).read_bytes())
        before = _view(town, ucr)
        for first in range(0, count, PORTION):
            context.say(f"{first:,} of {count:,} records of colluders")
            _collude(town, ucr, range(first, min(first + PORTION, count)))
        town.seal()
        town.attest()
        if _view(town, ucr) != before:
            raise ValueError("the colluders changed the view")
        # Of another like it at the same moment: what the machine does meanwhile is then no difference.
        yield from _figures(context, town, root, twin, ALONE)
        yield from _figures(context, town, root, ucr, f"{count:,} records of five colluders", ALONE)


def _tell(town: Town, ucr: Ucr) -> None:
    """What customs says of the consignment of a company that is no member."""
    status = Status(about="declaration", code=Code(system="cn-channel", value="L"), state="ACCEPTED")
    customs = town.uscc("customs")
    bodies = [
        sign_record(
            CustomsStatus(status=status).for_ucrs([ucr]),
            key=town.keys[customs],
            iss=customs,
            consortium=town.consortium,
            iat=now_s(),
            jti=make_jti(bytes(32), f"status-{ucr}-{number}"),
        )
        .serialize()
        .encode("ascii")
        for number in range(STATUSES)
    ]
    town.accept(bodies)
    town.seal()
    town.attest()


def _collude(town: Town, ucr: Ucr, numbers: range) -> None:
    slugs = list(_WORDS)
    bodies = []
    for number in numbers:
        slug = slugs[number % len(slugs)]
        uscc = town.uscc(slug)
        signed = sign_record(
            _WORDS[slug].for_ucrs([ucr]),
            key=town.keys[uscc],
            iss=uscc,
            consortium=town.consortium,
            iat=now_s(),
            jti=make_jti(bytes(32), f"collusion-{number}"),
        )
        bodies.append(signed.serialize().encode("ascii"))
    town.accept(bodies)
    town.seal()


def _view(town: Town, ucr: Ucr) -> dict[str, object]:
    """The view without what says when it was asked for."""
    view = Queries(town.gateway.services).consignments.view(town.reader(READER), str(ucr))
    return {
        name: getattr(view, name) for name in view.__struct_fields__ if name not in ("completeness", "read_receipt")
    }


def _figures(context: Context, town: Town, root: TrustRoot, ucr: Ucr, when: str, against: str = "") -> Iterator[Figure]:
    queries, reader = Queries(town.gateway.services), town.reader(READER)
    content = queries.consignments.bundle(reader, str(ucr)).content
    if verify_file(content, root).verdict is not Verdict.VALID:
        raise ValueError("the bundle is not VALID")

    def compared(what: str) -> dict[str, Any]:
        return {"against": f"{what}, {against}", "share_limit": at_most(GROWTH_MAX)} if against else {}

    times = 10 if context.quick else 30
    yield context.milliseconds(
        f"view, {when}", lambda: queries.consignments.view(reader, str(ucr)), times, **compared("view")
    )
    yield context.milliseconds(
        f"bundle made, {when}",
        lambda: queries.consignments.bundle(reader, str(ucr)),
        times,
        **compared("bundle made"),
    )
    yield context.milliseconds(
        f"bundle verified, {when}", lambda: verify_file(content, root), times, **compared("bundle verified")
    )
    size = compared("size of the bundle")
    yield Figure(f"size of the bundle, {when}", "kB", (len(content) / 1000,), **size)


BENCHMARK = Benchmark(
    name="colluders",
    what=f"a consignment of {STATUSES} records beside what five members outside its set say of it",
    leaves_out="the way over HTTP; a gateway as it is set takes 1,000 records of each of them",
    run=run,
)
