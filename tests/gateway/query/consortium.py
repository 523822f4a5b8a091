"""A small consortium on paper: members with keys, records that they sign, and where these stand on the chain."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from chain.encoding import Json
from chain.keys import SigningKey
from chain.lifecycle import RecordState
from chain.members import Role
from chain.records import sign_record
from chain.records.audit import AuditFinding, Difference, Finding, FindingInput
from chain.records.base import Record, Reference
from chain.records.customs import CustomsDeclaration, CustomsStatus, DeclarationHead
from chain.records.logistics import LogisticsEvent, TransportDocument, TransportDocumentHead
from chain.records.scalars import Amount, Code, Instant, Weight
from chain.records.sections import GoodsItem, Party, Status
from chain.records.tax import AssessmentHead, TaxAssessment
from chain.records.trade import OrderHead, TradeOrder
from chain.records.transport import Event, Transport
from chain.records.value import Taxes, TaxLine
from chain.sdjwt import SignedRecord
from gateway.access.records import HeldRecord, Reader
from gateway.consignment.coverage import CheckpointFacts, Coverage
from scripts.bootstrap import example_uscc
from tests.record_numbers import jti_of

CONSORTIUM = "ab" * 32
KEY = SigningKey.generate()
NUMBER = "010120261000000017"


@dataclass(frozen=True)
class PaperMember:
    """One member of the paper consortium."""

    uscc: str
    roles: Role
    customs_code: str
    sponsor: str | None = None

    @property
    def reader(self) -> Reader:
        """The member as one who asks."""
        return Reader(self.uscc, self.roles, self.customs_code)


GOVERNOR = PaperMember(example_uscc("110000", 1), Role.CUSTOMS | Role.REGULATOR, "0100900001")
BEIJING = PaperMember(example_uscc("110000", 2), Role.CUSTOMS, "0101900002", GOVERNOR.uscc)
TIANJIN = PaperMember(example_uscc("120000", 3), Role.CUSTOMS, "0200900003", GOVERNOR.uscc)
TRADER = PaperMember(example_uscc("110000", 4), Role.TRADER, "1101900004", GOVERNOR.uscc)
BROKER = PaperMember(example_uscc("110000", 5), Role.BROKER, "1101900005", GOVERNOR.uscc)
OTHER_BROKER = PaperMember(example_uscc("110000", 6), Role.BROKER, "1101900006", GOVERNOR.uscc)
CARRIER = PaperMember(example_uscc("110000", 7), Role.CARRIER, "1101900007", GOVERNOR.uscc)
BANK = PaperMember(example_uscc("110000", 8), Role.BANK, "1101900008", GOVERNOR.uscc)
TAX = PaperMember(example_uscc("110000", 9), Role.TAX, "1101900009", GOVERNOR.uscc)
REGULATOR = PaperMember(example_uscc("110000", 10), Role.REGULATOR, "1101900010", GOVERNOR.uscc)
AUDITOR = PaperMember(example_uscc("110000", 11), Role.AUDITOR, "1101900011", GOVERNOR.uscc)
TERMINAL = PaperMember(example_uscc("110000", 12), Role.TERMINAL, "1101900012", GOVERNOR.uscc)
GATEWAY = PaperMember(example_uscc("110000", 13), Role.GATEWAY, "1101900013", GOVERNOR.uscc)
MEMBERS = (GOVERNOR, BEIJING, TIANJIN, TRADER, BROKER, OTHER_BROKER, CARRIER, BANK, TAX, REGULATOR, AUDITOR,
           TERMINAL, GATEWAY)  # fmt: skip
UCR = f"6CN{TRADER.uscc}-0001"


class PaperDirectory:
    """The members as the registry would tell them; customs speaks for the offices of its own district."""

    def __init__(
        self,
        members: Sequence[PaperMember] = MEMBERS,
        *,
        operators: Sequence[PaperMember] = (),
        records_max: int = 1_000,
    ) -> None:
        self._members = {one.uscc: one for one in members}
        self._operators = frozenset(one.uscc for one in operators)
        self._records_max = records_max
        self.compromised: dict[str, int] = {}
        """Thumbprint of a key to since when it was a stranger's, as the governors voted."""

    def roles(self, member: str) -> Role:
        found = self._members.get(member)
        return Role(0) if found is None else found.roles

    def sponsor(self, member: str) -> str | None:
        found = self._members.get(member)
        return None if found is None else found.sponsor

    def customs_code(self, member: str) -> str:
        found = self._members.get(member)
        return "" if found is None else found.customs_code

    def member_of(self, customs_code: str) -> str | None:
        return next((one.uscc for one in self._members.values() if one.customs_code == customs_code), None)

    def is_member(self, uscc: str) -> bool:
        return uscc in self._members

    def is_authority(self, member: str, block: int | None) -> bool:
        found = self._members.get(member)
        return found is not None and (found.sponsor is None or bool(found.roles & (Role.CUSTOMS | Role.TAX)))

    def is_governor(self, member: str, block: int | None) -> bool:
        found = self._members.get(member)
        return found is not None and found.sponsor is None

    def is_operator(self, member: str, ucr: str, block: int | None) -> bool:
        return member in self._operators

    def is_competent(self, member: str, offices: Collection[str], block: int | None) -> bool:
        found = self._members.get(member)
        return (
            found is not None
            and Role.CUSTOMS in found.roles
            and any(office.startswith(found.customs_code[:2]) for office in offices)
        )

    def oversees(self, member: str, offices: Collection[str]) -> bool:
        return self.is_competent(member, offices, None)

    def is_compromised(self, kid: str, at: int | None) -> bool:
        return kid in self.compromised and (at is None or at >= self.compromised[kid])

    def free_speakers(self, ucr: str) -> frozenset[str]:
        return frozenset(uscc for uscc in self._members if self.is_authority(uscc, None))

    def records_max(self, block: int | None) -> int:
        return self._records_max


def at(time: str) -> Instant:
    """The moment on the one day that all of this happens."""
    return Instant(utc=f"2026-11-20T{time}Z", said=time)


def declaration(
    number: str = NUMBER, *, broker: PaperMember = BROKER, gross: str = "100.00000", **head: Json
) -> CustomsDeclaration:
    """An import declaration that names trader and broker."""
    return CustomsDeclaration(
        references=(
            Reference(kind="declaration", value=number),
            Reference(kind="transport_document", value="999-12345675"),
        ),
        declaration=DeclarationHead.model_validate(
            {
                "number": number,
                "direction": "I",
                "office": {"system": "cn-customs-office", "value": "0101"},
                "lodged": {"utc": "2026-11-20T08:00:00Z", "said": "20261120160000"},
                **head,
            }
        ),
        parties=(
            Party(role="trader", uscc=TRADER.uscc, name="示范跨境电商"),
            Party(role="agent", customs_code=broker.customs_code, name="示范报关行"),
        ),
        goods_items=(GoodsItem(ordinal=1, hs="8471300000", name="便携式电脑"),),
        transport=Transport(gross=Weight(value=gross, unit="KGM"), bill="999-12345675"),
    )


def status(
    state: str, time: str, *, code: str = "P", number: str = NUMBER, about: str = "declaration"
) -> CustomsStatus:
    """An answer of customs."""
    return CustomsStatus(
        references=(Reference(kind="declaration", value=number),),
        status=Status.model_validate(
            {
                "about": about,
                "code": {"system": "cn-channel", "value": code},
                "state": state,
                "at": {"utc": f"2026-11-20T{time}Z", "said": time},
            }
        ),
    )


def waybill(number: str = "999-12345675", gross: str = "101.00000") -> TransportDocument:
    """An air waybill."""
    return TransportDocument(
        references=(Reference(kind="transport_document", value=number),),
        transport_document=TransportDocumentHead(kind="air_waybill", number=number),
        parties=(Party(role="consignee", uscc=TRADER.uscc),),
        transport=Transport(gross=Weight(value=gross, unit="KGM")),
    )


def departure(number: str = "999-12345675", time: str = "02:00:00") -> LogisticsEvent:
    """That the goods departed."""
    return LogisticsEvent(
        references=(Reference(kind="transport_document", value=number),),
        event=Event(code=Code(system="iata-cargo-status", value="DEP"), happened=at(time)),
    )


def order() -> TradeOrder:
    """An order with its buyer, a natural person."""
    return TradeOrder(
        references=(Reference(kind="order", scope=TRADER.uscc, value="A1"),),
        order=OrderHead(number="A1"),
        parties=(Party(role="buyer", name="Li Hua", id_number="110101199003070000"),),
        goods_items=(GoodsItem(ordinal=1, name="laptop"),),
    )


def assessment() -> TaxAssessment:
    """A tax bill."""
    return TaxAssessment(
        references=(Reference(kind="declaration", value=NUMBER),),
        assessment=AssessmentHead(number=f"{NUMBER}-A01", declaration=NUMBER),
        taxes=Taxes(
            lines=(TaxLine(kind="duty", amount=Amount(value="13.00", currency="CNY")),),
            issued=Instant(utc="2026-11-20T09:00:00Z", said="x"),
        ),
    )


def finding(record_id: str) -> AuditFinding:
    """A signed finding about a record."""
    inputs = (FindingInput(record=record_id, field="transport.gross", value="100"),)
    return AuditFinding(
        finding=Finding(rule="C13", version="1", severity="M", differences=1, pack="0" * 64),
        differences=(Difference(name="C13-gross", severity="M", inputs=inputs, explanation="weights differ"),),
    )


@dataclass
class PaperChain:
    """Records in the order in which they were anchored, one batch each."""

    held: list[HeldRecord] = field(default_factory=list)

    def say(
        self,
        member: PaperMember,
        record: Record,
        *ucrs: str,
        amends: str | None = None,
        withdraws: bool = False,
        jti: str = "",
        state: RecordState = RecordState.COVERED,
    ) -> HeldRecord:
        """The member's record about the consignments (the one of this file unless told), anchored next."""
        place = len(self.held)
        signed = sign_record(
            record.for_ucrs(ucrs or (UCR,)),  # type: ignore[arg-type]
            key=KEY,
            iss=member.uscc,
            consortium=CONSORTIUM,
            iat=1_763_600_000 + place,
            jti=jti or jti_of(f"r{place}"),
            amends=amends,
            withdraws=withdraws,
        )
        is_anchored = state in (RecordState.ANCHORED, RecordState.COVERED)
        held = (
            HeldRecord(signed, state, place, 0, place + 10, 1_763_600_100 + place)
            if is_anchored
            else HeldRecord(signed, state)
        )
        self.held.append(held)
        return held


def story() -> PaperChain:
    """An air import from order to release; its owner names broker and carrier."""
    chain = PaperChain()
    chain.say(TRADER, order().with_names([BROKER.uscc, CARRIER.uscc]))
    chain.say(CARRIER, waybill())
    chain.say(CARRIER, departure())
    chain.say(BROKER, declaration())
    chain.say(BEIJING, status("ACCEPTED", "08:10:00", code="L"))
    chain.say(BEIJING, assessment())
    chain.say(BEIJING, status("RELEASED", "10:30:00", code="P"))
    return chain


def covered(chain: PaperChain) -> Coverage:
    """Coverage of all that the chain holds."""
    count = len(chain.held)
    return Coverage(count, count, count, (), CheckpointFacts(0, count, "0x" + "00" * 32, 3, 0, 99))


def without(held: HeldRecord, *names: str) -> SignedRecord:
    """The signed record less some sections."""
    return replace(held, signed=held.signed.with_sections(set(held.signed.sections) - set(names))).signed
