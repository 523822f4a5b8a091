"""A consignment with something in most sections of its view: what answers are held against their description with."""

from __future__ import annotations

from chain.records.sections import Party
from gateway.store.webhooks import DeliveryRow, StoredWebhook, insert_webhook, note_deliveries
from tests.gateway.query import consortium
from tests.stories.local_consortium import Town

NUMBER = "010120261000000779"
WEBHOOK = "a" * 22


def describe_consignment(town: Town) -> tuple[str, str]:
    """A consignment with something in most sections of its view, and one of its records."""
    trader, broker = town.member("trader"), town.member("broker")
    ucr = f"6CN{trader.uscc}-OPENAPI"
    parties = (Party(role="trader", uscc=trader.uscc), Party(role="agent", uscc=broker.uscc))  # type: ignore[arg-type]
    town.name(ucr, "broker", "carrier")
    first = town.say("broker", consortium.declaration(NUMBER).model_copy(update={"parties": parties}), ucr)
    town.say("trader", consortium.order(), ucr)
    town.say("carrier", consortium.waybill(), ucr)
    town.say("customs", consortium.status("ACCEPTED", "08:10:00", code="L", number=NUMBER), ucr)
    town.say("customs", consortium.assessment(), ucr)
    town.cover()
    town.get("customs", f"/v1/consignments/{ucr}")
    with town.gateway.services.store.writing() as connection:
        off = StoredWebhook(WEBHOOK, broker.uscc, "https://broker.example/", 0, off_at=1, types="customs.status")
        insert_webhook(connection, off)
        note_deliveries(connection, WEBHOOK, [DeliveryRow(WEBHOOK, 0, 1, 5, 0, "no answer", 2)])
    return ucr, first.record_id
