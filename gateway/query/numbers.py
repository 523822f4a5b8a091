"""In how many consignments an invoice's maker used a number: the single-use bundle, for those whom it concerns.

Who may ask: the maker, the owner of a consignment in which the number stands, customs and tax. Everybody else gets one
refusal, whether the number was used or not. What it shows of others' invoices is the number alone: how many
consignments they are in is told by the tags of their entries.
"""

from __future__ import annotations

from collections.abc import Mapping

from chain.errors import Malformed, NotFound
from chain.identifiers import Uscc
from chain.lifecycle import RecordState
from chain.members import Role
from chain.proof.batch import number_digest
from chain.proof.own_number import INVOICE_KIND, OwnNumber, own_numbers
from chain.proof.slot_plan import Place, RecordToShow
from chain.sdjwt import SignedRecord
from chain.standing import owner_of
from gateway.access.rate_limits import RateLimits
from gateway.access.records import HeldRecord, Reader
from gateway.query.loader import find_links
from gateway.query.read_log import Read
from gateway.query.reader_context import BundleAnswer, ReaderContext
from gateway.store.consignments import find_entries, stands_with_owner

ASKING_ROLES = Role.CUSTOMS | Role.TAX
"""Who may ask about any maker's number."""


class MalformedNumber(Malformed):
    """Not a number of which single use can be asked."""


class NumberService:
    """Answers questions about numbers; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context
        settings = context.services.settings
        self._asked = RateLimits(settings.own_lanes_per_s, context.services.clock, what="bundles of numbers")

    def single_use(self, reader: Reader, number: OwnNumber) -> BundleAnswer:
        """The bundle of every use of a number; raises NotFound where the reader may not ask, GatewayRefusal (429)."""
        context = self._context
        self._asked.take(reader.member, 1)
        if not self._may_ask(reader, number):
            raise NotFound("number", number.value)
        uses = self._uses(number)
        shown = [self._shown(reader, number, signed) for signed in uses.values()]
        content = context.bundles.single_use(number, shown)
        return BundleAnswer(content, context.log.log(Read.of(reader, "bundle", _by_ucr(uses, shown))))

    def _may_ask(self, reader: Reader, number: OwnNumber) -> bool:
        if reader.member == number.maker or reader.roles & ASKING_ROLES:
            return True
        # No record is opened for it: a stranger's refusal takes as long where the number was used.
        tags = self._context.services.tag_keys.number_tags(number)
        with self._context.services.store.reading() as connection:
            return stands_with_owner(connection, tags, reader.member)

    def _uses(self, number: OwnNumber) -> dict[str, SignedRecord]:
        """Every record here that has an entry under the number's tag, by id."""
        tags = self._context.services.tag_keys.number_tags(number)
        with self._context.services.store.reading() as connection:
            stored = find_entries(connection, tags)
        return {entry.record_id: self._context.opener.open(entry) for entry in stored}

    def _shown(self, reader: Reader, number: OwnNumber, signed: SignedRecord) -> RecordToShow:
        """The reference that says the number, the UCRs that are the reader's to know, and all places on the chain."""
        services = self._context.services
        own = {digest for digest, said in own_numbers(signed) if said == number}
        ucrs = {ucr: digest for digest, ucr in signed.ucr_elements() if ucr is not None}
        known = {
            digest
            for ucr, digest in ucrs.items()
            if reader.member in (number.maker, owner_of(ucr)) and signed.iss == number.maker
        }
        places = [
            Place(tag, ucrs[ucr], link.batch, link.position)
            for ucr, (tag, link) in find_links(signed, ucrs, services.index, services.tag_keys).items()
        ]
        for tag in services.tag_keys.number_tags(number):
            for element in signed.sections.get("references", ()):
                if (link := services.index.find_link(tag, number_digest(signed, element))) is not None:
                    places.append(Place(tag, element, link.batch, link.position, is_number=True))
        # Of a record that was filed here without saying the number nothing is shown: it is not its issuer's fault.
        return RecordToShow(signed.with_elements(own | known if own else ()), tuple(places))


def parse_number(kind: str, maker: str, value: str) -> OwnNumber:
    """The number in a request; raises MalformedNumber, Malformed where the maker is no USCC."""
    if kind != INVOICE_KIND:
        raise MalformedNumber(
            "kind", f"is {INVOICE_KIND}: numbers of no other kind are filed for single use", value=kind
        )
    number = OwnNumber.of(Uscc.parse(maker), value)
    if OwnNumber.find(number.name) is None:
        rule = (
            "is 1 to 128 printable characters without quotation marks and backslashes, with single spaces inside alone"
        )
        raise MalformedNumber("value", rule, value=value)
    return number


def _by_ucr(uses: Mapping[str, SignedRecord], shown: list[RecordToShow]) -> dict[str, list[HeldRecord]]:
    """What is shown of each record, by each consignment that it speaks of: whose consignment it is reads of it."""
    by_ucr: dict[str, list[HeldRecord]] = {}
    for record in shown:
        held = HeldRecord(record.signed, RecordState.ANCHORED)
        for _, ucr in uses[record.signed.record_id].ucr_elements():
            if ucr is not None and held.shown:
                by_ucr.setdefault(ucr, []).append(held)
    return by_ucr
