"""Intake says at once whether who declares for a company has its mandate; a setting refuses instead."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import pytest

from chain.errors import MalformedRecord
from chain.identifiers import Uscc
from chain.keys import SigningKey
from chain.members import MemberState, Role
from chain.records import MandateHead, TradeMandate, sign_record
from chain.records.base import Record
from chain.sdjwt import SignedRecord
from gateway.runtime.refusals import GatewayRefusal
from tests.fakes.memory_ledger import CONSORTIUM
from tests.gateway.memory_consortium import CARRIER, PaperGateway, Town, ucr
from tests.gateway.query.consortium import declaration
from tests.record_numbers import jti_of

AGENT = "91310000100000003G"
OWNER = CARRIER
"""The company of this town's UCRs."""


@dataclass
class Trade:
    """An owner and a broker at one gateway."""

    town: Town
    gateway: PaperGateway
    owner: SigningKey
    agent: SigningKey

    def sign(self, iss: str, record: Record, number: int, amends: str | None = None, **more: Any) -> SignedRecord:
        return sign_record(
            record.for_ucrs([ucr(number)]),
            key=self.owner if iss == OWNER else self.agent,
            iss=iss,
            consortium=CONSORTIUM.hex(),
            iat=int(self.town.clock()),
            jti=jti_of(secrets.token_urlsafe(9)),
            amends=amends,
            **more,
        )

    def side(self, iss: str, number: int = 1, offer: str | None = None, **terms: Any) -> SignedRecord:
        said = {"starts": "2000-01-01", "ends": "2099-12-31", **terms}
        head = MandateHead(principal=Uscc(OWNER), agent=Uscc(AGENT), offer=offer, **said)
        return self.sign(iss, TradeMandate(mandate=head).with_names([OWNER, AGENT]), number)

    def take(self, *records: SignedRecord) -> list[str]:
        """What the gateway remarks of the last one; all are anchored."""
        done = [self.gateway.intake.accept(record.serialize().encode()) for record in records]
        self.gateway.seal()
        self.gateway.follow()
        return [remark.text for remark in done[-1].remarks]

    def mandate(self, number: int = 1, **terms: Any) -> tuple[SignedRecord, SignedRecord]:
        offer = self.side(OWNER, number, **terms)
        confirmation = self.side(AGENT, number, offer.record_id, **terms)
        self.take(offer, confirmation)
        return offer, confirmation

    def declare(self, number: int = 1) -> SignedRecord:
        return self.sign(AGENT, declaration(), number)


@pytest.fixture
def trade(gateway: PaperGateway, town: Town) -> Trade:
    owner, agent = SigningKey.generate(), SigningKey.generate()
    town.chain.admit(AGENT, Role.BROKER)
    town.chain.add_key(AGENT, agent)
    town.chain.set_member(OWNER, MemberState.ACTIVE, Role.TRADER | Role.CARRIER)
    town.chain.add_key(OWNER, owner)
    gateway.registry.refresh()
    return Trade(town, gateway, owner, agent)


def test_a_declaration_without_a_mandate_is_taken_and_marked(trade: Trade) -> None:
    (remark,) = trade.take(trade.declare())
    assert remark == f"{OWNER}, whose UCR it is, gave its issuer no mandate"


def test_with_a_mandate_that_covers_it_nothing_is_remarked(trade: Trade) -> None:
    trade.mandate(offices=("0101",), goods=("84",))
    assert trade.take(trade.declare()) == []


def test_an_offer_alone_and_a_mandate_for_another_consignment_are_none(trade: Trade) -> None:
    trade.take(trade.side(OWNER))
    assert "no mandate" in trade.take(trade.declare())[0]
    trade.mandate(number=2)
    assert "no mandate" in trade.take(trade.declare())[0]


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"ends": "2001-01-01"}, "gave a mandate from 2000-01-01 to 2001-01-01"),
        ({"offices": ("0202",)}, "leaves out office 0101"),
        ({"goods": ("85",)}, "leaves out goods 8471300000"),
    ],
    ids=["period", "office", "goods"],
)
def test_what_a_mandate_leaves_out_is_named(trade: Trade, terms: dict[str, Any], words: str) -> None:
    trade.mandate(**terms)
    assert words in trade.take(trade.declare())[0]


def test_a_mandate_that_either_side_withdrew_holds_no_more(trade: Trade) -> None:
    for number, who in ((1, OWNER), (2, AGENT)):
        offer, confirmation = trade.mandate(number)
        side = offer if who == OWNER else confirmation
        ended = TradeMandate.from_sections({name: side.section(name) for name in side.sections})
        trade.take(trade.sign(who, ended, number, amends=side.record_id, withdraws=True))
        assert "was ended" in trade.take(trade.declare(number))[0]


def test_a_mandate_that_is_not_anchored_yet_is_named_so(trade: Trade) -> None:
    offer = trade.side(OWNER)
    for record in (offer, trade.side(AGENT, offer=offer.record_id)):
        trade.gateway.intake.accept(record.serialize().encode())
    (remark,) = trade.gateway.intake.accept(trade.declare().serialize().encode()).remarks
    assert "not anchored yet" in remark.text and "尚未上链" in remark.text_zh


def test_a_gateway_that_refuses_takes_no_declaration_for_a_member_without_its_mandate(trade: Trade) -> None:
    strict = PaperGateway(
        trade.gateway.folder,
        trade.town.chain,
        trade.town.clock,
        trade.gateway.url,
        declarations_without_mandate="refuse",
    )
    first = trade.declare()
    kept, refused = strict.intake.accept_lines(
        [b'"%b"' % one.serialize().encode() for one in (trade.side(OWNER), first)]
    )
    assert not isinstance(kept, GatewayRefusal)
    assert isinstance(refused, GatewayRefusal) and refused.kind.slug == "no-mandate"
    assert "UCR 所属企业" in str(refused) and "mandate" in refused.fix
    assert trade.gateway.intake.accept(first.serialize().encode()).is_new, "it was not kept"
    assert not strict.intake.accept(first.serialize().encode()).is_new, "what was kept before is answered as it was"


def test_a_side_is_said_by_one_of_its_two_parties_and_names_both(trade: Trade) -> None:
    head = MandateHead(principal=Uscc(OWNER), agent=Uscc("91110000600037341L"), starts="2026-01-01", ends="2026-12-31")
    backwards = head.model_copy(update={"ends": "2025-01-01"})
    for iss, record, field in (
        (AGENT, TradeMandate(mandate=head).with_names([OWNER, AGENT]), "mandate"),
        (OWNER, TradeMandate(mandate=head).with_names([OWNER]), "names"),
        (OWNER, TradeMandate(mandate=backwards).with_names([OWNER, head.agent]), "mandate.ends"),
    ):
        with pytest.raises(MalformedRecord) as caught:
            trade.gateway.intake.accept(trade.sign(iss, record, 1).serialize().encode())
        assert caught.value.field == field
