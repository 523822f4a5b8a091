"""Attacks on a consignment's sight, and what becomes of them: nobody looks by speaking, and nobody's noise is seen."""

from __future__ import annotations

import json
from typing import Any

from chain.records.base import Reference
from gateway.search_index.facts import flush_pending
from tests.gateway.query import consortium
from tests.stories.local_consortium import Town

STRANGERS = ("terminal", "bank", "carrier", "broker", "gateway")
JUNK_EACH = 50


def view(town: Town, slug: str, ucr: str) -> dict[str, Any]:
    """The view, without the receipt of the read and how far the gateway has read the chain."""
    answer = town.get(slug, f"/v1/consignments/{ucr}")
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    del seen["read_receipt"]
    for name in ("as_of_block", "batches_read", "checkpoint"):
        del seen["completeness"][name]
    return seen


def ucr_of(town: Town, end: str) -> str:
    return f"6CN{town.member('trader').uscc}-{end}"


def test_a_broker_that_guesses_declaration_numbers_learns_nothing(town: Town) -> None:
    ucr, number = ucr_of(town, "GUESSED"), "010020261000001234"
    town.say("trader", consortium.declaration(number), ucr)
    guesses = tuple(Reference(kind="declaration", value=f"01002026100000123{digit}") for digit in range(10))
    town.cover()
    before = view(town, "trader", ucr)
    guess = consortium.declaration("010020261000009999").model_copy(update={"references": guesses})
    mine = town.say("broker", guess.with_names([town.member("broker").uscc]), ucr)
    seen = view(town, "broker", ucr)
    assert [line["record"] for line in seen["records"]] == [mine.record_id] and seen["reader"]["own_records_only"]
    assert town.get("broker", f"/v1/consignments/{ucr}/bundle").status_code == 403
    assert town.get("broker", "/v1/access-log", ucr=ucr).status_code == 404
    assert view(town, "trader", ucr) == before, "the owner's view does not show that it tried"
    assert ucr not in town.get("customs", "/v1/references/declaration", value=guesses[0].value).json()["ucrs"]
    (outside,) = town.get("trader", f"/v1/consignments/{ucr}/outside").json()["records"]
    assert (outside["record"], outside["issuer"]) == (mine.record_id, town.member("broker").uscc)
    answer = town.get("trader", f"/v1/records/{mine.record_id}").json()
    assert answer["outside"] == outside["why"] == "no record that counts names its issuer"


def test_a_terminal_that_knows_a_waybill_number_is_answered_once_it_is_named(town: Town) -> None:
    ucr, number = ucr_of(town, "WAYBILL"), "999-76543210"
    town.name(ucr, "carrier")
    town.say("carrier", consortium.waybill(number), ucr)

    def find() -> list[str]:
        return list(town.get("terminal", "/v1/references/transport_document", value=number).json()["ucrs"])

    assert find() == []
    assert town.get("terminal", f"/v1/consignments/{ucr}").status_code == 404
    assert town.get("terminal", "/v1/search", transport_document=number).json()["hits"] == []
    town.name(ucr, "terminal")
    while flush_pending(town.gateway.services.store):
        pass
    assert find() == [ucr]
    assert not view(town, "terminal", ucr)["reader"]["own_records_only"]


def test_a_carrier_that_speaks_before_anybody_named_it_counts_once_somebody_does(town: Town) -> None:
    ucr = ucr_of(town, "EARLY")
    early = town.say("carrier", consortium.waybill("999-11112222"), ucr)
    assert town.get("trader", f"/v1/consignments/{ucr}").status_code == 404, "nothing of it counts yet"
    (outside,) = town.get("trader", f"/v1/consignments/{ucr}/outside").json()["records"]
    assert outside["record"] == early.record_id
    assert view(town, "carrier", ucr)["reader"]["own_records_only"]
    town.name(ucr, "carrier")
    assert early.record_id in {line["record"] for line in view(town, "trader", ucr)["records"]}
    assert not view(town, "carrier", ucr)["reader"]["own_records_only"]
    assert town.get("trader", f"/v1/consignments/{ucr}/outside").json()["records"] == []


def test_the_noise_of_three_colluders_changes_no_view_and_is_listed_page_by_page(town: Town) -> None:
    ucr = ucr_of(town, "NOISE")
    town.say("trader", consortium.declaration("010020261000004321"), ucr)
    town.say("customs", consortium.status("ACCEPTED", "08:10:00", code="L", number="010020261000004321"), ucr)
    town.cover()
    readers = ("trader", "customs", "auditor", "regulator", "tax")
    before = {slug: view(town, slug, ucr) for slug in readers}
    everybody = [town.member(slug).uscc for slug in STRANGERS]
    words = {
        "broker": consortium.declaration("010020261000004321", gross="1.00000"),
        "carrier": consortium.waybill("999-12345675", gross="9.00000"),
        "terminal": consortium.departure("999-12345675"),
    }
    lines = [
        json.dumps(town.sign(slug, words[slug].with_names(everybody), ucr).serialize())
        for slug in words
        for _ in range(JUNK_EACH)
    ]
    headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {town.token('broker')}"}
    taken = town.http.post("/v1/records/bulk", content="\n".join(lines) + "\n", headers=headers)
    assert taken.status_code == 200 and taken.text.count("receipt") >= len(lines), taken.text[:500]
    town.cover()
    assert {slug: view(town, slug, ucr) for slug in readers} == before
    listed, after = [], ""
    while True:
        page = town.get("auditor", f"/v1/consignments/{ucr}/outside", **({"after": after} if after else {})).json()
        listed += [line["record"] for line in page["records"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert len(listed) == len(set(listed)) == len(lines)
