"""Risk desks of a story's consortium: each governor's own key and journal, over the application."""

from __future__ import annotations

import time
from typing import Any

from adapters.risk_desk.desk import RiskDesk
from adapters.risk_desk.journal import DeskJournal
from chain.members import PolicyName
from chain.records.customs import CustomsDeclaration
from chain.records.scalars import Amount, Weight
from chain.records.value import Valuation
from chain.rule_tables import tables_for
from chain.sdjwt import SignedRecord
from gateway.client import GatewayClient
from tests.gateway.query import consortium
from tests.stories.local_consortium import PUBLIC_URL, Town


def client(town: Town, slug: str) -> GatewayClient:
    """The gateway as that member asks it."""
    wire = town.http._transport
    return GatewayClient(PUBLIC_URL, signer=town.key(slug), member=town.member(slug).uscc, transport=wire)


def desk(town: Town, slug: str, journal: DeskJournal | None = None, gateway: Any = None) -> RiskDesk:
    """That governor's desk; with a journal of its own that is gone afterwards, unless one is given."""
    return RiskDesk(
        town.member(slug).uscc,
        town.key(slug),
        town.root.consortium.hex(),
        jti_secret=town.folder.jti_secret(slug),
        gateway=gateway or client(town, slug),
        journal=journal or DeskJournal(":memory:"),
        tables=tables_for(None),
        agreed_pack=lambda: town.ledger.policy_versions(PolicyName.RULE_PACK)[-1].value,
        clock=time.time,
    )


def weighed(number: str, gross: str, net: str = "90.00000") -> CustomsDeclaration:
    """A declaration with these weights in kilograms; rule C06 wants the gross one above the net one."""
    declaration = consortium.declaration(number)
    assert declaration.transport is not None
    weights = {"gross": Weight(value=gross, unit="KGM"), "net": Weight(value=net, unit="KGM")}
    return declaration.model_copy(update={"transport": declaration.transport.model_copy(update=weights)})


def valued(number: str, total: str, line: str = "100.00") -> CustomsDeclaration:
    """A declaration whose one line and total are these euros; rule C07 wants them equal, and tax sees both."""
    declaration = consortium.declaration(number)
    (item,) = declaration.goods_items
    return declaration.model_copy(
        update={
            "goods_items": (item.model_copy(update={"total": Amount(value=line, currency="EUR")}),),
            "valuation": Valuation(total=Amount(value=total, currency="EUR")),
        }
    )


def findings_of(town: Town, slug: str, ucr: str, rule: str) -> list[dict[str, Any]]:
    """The findings of a rule in that member's view."""
    answer = town.get(slug, f"/v1/consignments/{ucr}")
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["findings"] if str(one["rule"]).startswith(rule)]


def opinion_of(town: Town, slug: str, ucr: str, rule: str) -> dict[str, Any]:
    """What was said of a rule, in that member's view."""
    answer = town.get(slug, f"/v1/consignments/{ucr}")
    assert answer.status_code == 200, answer.text
    (opinion,) = [one for one in answer.json()["opinions"] if one["rule"] == rule]
    found: dict[str, Any] = opinion
    return found


class BrokenWire:
    """A gateway's client whose answers to submissions are lost on the way."""

    def __init__(self, gateway: GatewayClient, error: Exception, *, arrives: bool) -> None:
        self._gateway, self._error, self._arrives = gateway, error, arrives

    def lanes(self, ucr: str) -> dict[str, Any]:
        """As the gateway says."""
        return self._gateway.lanes(ucr)

    def submit(self, record: SignedRecord) -> object:
        """Arrives or not; the answer never does."""
        if self._arrives:
            self._gateway.submit(record)
        raise self._error
