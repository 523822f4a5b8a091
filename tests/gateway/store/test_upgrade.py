"""An upgrade as `docs/operations/upgrade.md` has it: the store of before, today's program, and no receipt lost."""

from __future__ import annotations

from chain.members import Role
from scripts.receipt_audit import ReceiptFate
from tests.gateway.memory_consortium import GATEWAY, PaperGateway, Town
from tests.gateway.store.test_migrations import moved
from tests.gateway.test_audit import accepted, audit
from tests.house.test_house import REPOSITORY

BEFORE = "0011"
"""The store's newest revision on main before the commands, webhooks and clients of this page's time."""
PAGE = (REPOSITORY / "docs" / "operations" / "upgrade.md").read_text(encoding="utf-8")


def test_a_store_of_before_keeps_every_receipt_and_its_waiting_records(gateway: PaperGateway, town: Town) -> None:
    town.chain.admit(GATEWAY, Role.GATEWAY)
    town.chain.add_key(GATEWAY, gateway.signer)
    gateway.registry.refresh()
    anchored = accepted(gateway, town, 3)
    gateway.seal()
    gateway.follow()
    waiting = town.event(7)
    receipt = gateway.intake.accept(waiting.serialize().encode()).receipt
    moved(gateway.store, "downgrade", BEFORE)
    gateway.store.close()
    # The index is of no use to the new version where its form changed: it is made again from the chain.
    gateway.reopen()
    gateway.follow()
    assert gateway.intake.accept(waiting.serialize().encode()).receipt == receipt
    gateway.seal()
    assert audit(gateway, town, anchored).outcomes == {ReceiptFate.KEPT: 3}


def test_the_page_names_the_revision_and_the_order() -> None:
    assert f"`{BEFORE}`" in PAGE
    steps = ["tongguan backup", "pip install", "systemctl stop", "ln -sfn", "tongguan doctor", "tongguan audit"]
    places = [PAGE.index(step) for step in steps]
    assert places == sorted(places)
