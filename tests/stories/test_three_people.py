"""A customs officer, a broker of another importer and a carrier look at one consignment; then its owner asks who has.

Each line of the story says in plain words what that person sees, or is told is withheld, or cannot learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from chain.encoding import parse_base64url
from chain.identifiers import Uscc
from chain.jws import CompactJws
from chain.proof.bundle_reader import parse_bundle
from chain.records.audit import AuditAccess
from chain.records.scalars import Amount
from chain.records.sections import Party
from chain.records.trade import PaymentHead, TradePayment
from chain.sdjwt import SignedRecord
from chain.verify.results import Verdict
from chain.verify.verifier import verify
from tests.gateway.query import consortium
from tests.stories.local_consortium import Town

DECLARATION = "010020261000000901"
WAYBILL = "999-12345675"
ANOTHERS_DECLARATION = "010020261000000902"


@dataclass(frozen=True)
class Seen:
    """What one person sees of a consignment."""

    view: dict[str, Any]
    receipt: str

    def says(self, part: str, record_type: str) -> list[Any]:
        """What the view says in one part, of records of this type."""
        return [one["value"] for one in self.view[part] if one["type"] == record_type]

    def is_told_withheld(self, record_type: str, section: str) -> bool:
        """Whether the view names that section as withheld, and by which cause."""
        named = [why for one in self.view["withheld"] if one["type"] == record_type for why in one["why"]]
        return any(why["section"] == section and why["cause"] for why in named)


class Story:
    """The consignment, and who looks at it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        trader = town.member("trader").uscc
        self.ucr = f"6CN{trader}-THREE"
        self.anothers_ucr = f"6CN{town.member('bank').uscc}-OTHER"

    def tell(self) -> None:
        """A trader orders and declares laptops itself; a carrier flies them in; customs releases them.

        The broker has work of its own: it declares goods of another importer, which fly on the same waybill.
        """
        trader, other = (Uscc(self.town.member(slug).uscc) for slug in ("trader", "bank"))
        importing = {"parties": (Party(role="trader", uscc=trader, name="示范跨境电商"),)}
        declaration = consortium.declaration(DECLARATION, gross="100.00000").model_copy(update=importing)
        self.town.say("trader", consortium.order().with_names([self.town.member("carrier").uscc]), self.ucr)
        self.town.say("trader", declaration, self.ucr)
        self.town.say("carrier", consortium.waybill(WAYBILL, gross="110.00000"), self.ucr)
        self.town.say("carrier", consortium.departure(WAYBILL, "06:00:00"), self.ucr)
        for state, time, code in (("ACCEPTED", "08:10:00", "L"), ("RELEASED", "10:30:00", "P")):
            self.town.say("customs", consortium.status(state, time, code=code, number=DECLARATION), self.ucr)
        anothers = {"parties": (Party(role="trader", uscc=other),)}
        declared = consortium.declaration(ANOTHERS_DECLARATION).model_copy(update=anothers)
        payment = TradePayment(payment=PaymentHead(number="P1", amount=Amount(value="1.00", currency="CNY")))
        named = [self.town.member(slug).uscc for slug in ("broker", "carrier")]
        self.town.say("bank", payment.with_names(named), self.anothers_ucr)
        self.town.say("broker", declared, self.anothers_ucr)
        self.town.cover()

    def look(self, slug: str) -> Seen:
        """That person looks; the gateway must show it."""
        answer = self.town.get(slug, f"/v1/consignments/{self.ucr}")
        assert answer.status_code == 200, answer.text
        return Seen(answer.json(), answer.headers["Tongguan-Read-Receipt"])


@pytest.fixture(scope="module")
def story(town: Town) -> Story:
    told = Story(town)
    told.tell()
    return told


def test_the_customs_officer_sees_all_of_it_and_how_long_it_took(story: Story) -> None:
    seen = story.look("customs")
    # The goods were released two and a half hours after they were lodged, and the officer sees each stretch.
    (customs,) = seen.view["status"]["customs"]
    assert customs["state"] == "RELEASED"
    assert customs["hours_lodged_to_released"] == "2.50"
    assert [(one["to"], one["hours"]) for one in seen.view["declarations"][0]["steps"]] == [
        ("SUBMITTED", None),
        ("ACCEPTED", "0.17"),
        ("RELEASED", "2.33"),
    ]
    # It sees the declared goods, the order behind them, and the two weights side by side with their gap as a finding.
    assert seen.says("goods_items", "customs.declaration")[0]["name"] == "便携式电脑"
    assert seen.says("goods_items", "trade.order")[0]["name"] == "laptop"
    assert [one["value"]["value"] for one in seen.view["weights"]] == ["100.00000", "110.00000"]
    assert "C13-gross" in {one["rule"] for one in seen.view["findings"]}
    # Nothing is withheld, and nothing is missing up to the checkpoint that the governors attested.
    assert seen.view["withheld"] == []
    assert seen.view["completeness"]["claim"] == "complete up to the checkpoint"
    # Each value names its record, and each record the batch and block in which it was anchored.
    anchored = {one["record"]: (one["batch"], one["block"]) for one in seen.view["records"]}
    for part in ("parties", "goods_items", "transport", "weights", "timeline"):
        assert all(None not in anchored[one["record"]] for one in seen.view[part]), part


def test_the_broker_of_another_importer_cannot_tell_the_goods_from_goods_that_do_not_exist(story: Story) -> None:
    town = story.town

    def told(path: str) -> tuple[int, dict[str, Any]]:
        answer = town.get("broker", path)
        same_for_all = ("title", "status", "code", "type")
        return answer.status_code, {name: answer.json()[name] for name in same_for_all}

    # It knows the UCR, from wherever, and asks in every way there is: the answers are those for a UCR never used.
    nowhere = story.ucr[:-1] + "X"
    for way in ("/v1/consignments/{}", "/v1/consignments/{}/bundle", "/v1/consignments/{}/explanation"):
        assert told(way.format(story.ucr)) == told(way.format(nowhere))
        assert told(way.format(story.ucr))[0] == 404
    assert told(f"/v1/access-log?ucr={story.ucr}") == told(f"/v1/access-log?ucr={nowhere}")
    # Its own goods fly on the same waybill; asked for that number, it is told of its own goods alone.
    numbers = town.get("broker", "/v1/references/transport_document", value=WAYBILL).json()
    assert story.ucr not in numbers["ucrs"]
    assert town.get("broker", "/v1/references/declaration", value=DECLARATION).json()["ucrs"] == []
    assert town.get("broker", "/v1/search", declaration=DECLARATION).json()["hits"] == []
    hits = [one["ucr"] for one in town.get("broker", "/v1/search", transport_document=WAYBILL).json()["hits"]]
    assert story.anothers_ucr in hits and story.ucr not in hits
    assert town.get("broker", "/v1/search/count", transport_document=WAYBILL).json()["count"] == len(hits)
    # And no record of it is to be had by its id.
    ids = [one["record"] for one in story.look("customs").view["records"]]
    assert {town.get("broker", f"/v1/records/{one}").status_code for one in ids} == {404}
    assert {town.get("broker", f"/v1/records/{one}/bundle").status_code for one in ids} == {404}


def test_speaking_of_the_goods_shows_the_broker_its_own_words_alone(story: Story) -> None:
    town = story.town
    # A waybill number is known to many: naming it, and the UCR, makes nobody a party.
    mine = town.say("broker", consortium.declaration("010020261000000903"), story.ucr)
    view = town.get("broker", f"/v1/consignments/{story.ucr}").json()
    assert [one["record"] for one in view["records"]] == [mine.record_id]
    assert view["reader"]["own_records_only"]
    assert town.get("broker", f"/v1/consignments/{story.ucr}/bundle").status_code == 403
    assert town.get("broker", "/v1/access-log", ucr=story.ucr).status_code == 404


def test_the_carrier_sees_the_release_and_is_told_what_is_withheld(story: Story) -> None:
    seen = story.look("carrier")
    # It may hand the goods out: it sees that customs released them, and its own flight and weights.
    assert seen.view["declarations"][0]["state"] == "RELEASED"
    assert seen.view["status"]["logistics"]["code"]["value"] == "DEP"
    # It sees neither what the goods are worth or called, nor who ordered them, and is told so by name and rule.
    text = str(seen.view)
    for secret in ("便携式电脑", "8471300000", "laptop", "Li Hua", "110101199003070000"):
        assert secret not in text
    for section in ("declaration", "parties", "goods_items"):
        assert seen.is_told_withheld("customs.declaration", section)
    assert seen.is_told_withheld("trade.order", "order")
    # That the order exists, who issued it, and that it is anchored, it sees: else nobody could tell what is missing.
    (order,) = [one for one in seen.view["records"] if one["type"] == "trade.order"]
    assert (order["issuer"], order["state"]) == (story.town.member("trader").uscc, "covered")
    # Its bundle is valid for any auditor and discloses no more than its view.
    bundle = story.town.get("carrier", f"/v1/consignments/{story.ucr}/bundle")
    assert verify(parse_bundle(bundle.content), story.town.root).verdict is Verdict.VALID
    assert "laptop" not in str([one.signed.section("goods_items") for one in parse_bundle(bundle.content).records])


def test_the_owner_is_shown_who_looked_at_what_and_when_with_proof(story: Story) -> None:
    town = story.town
    officer, carrier = story.look("customs"), story.look("carrier")
    town.cover()
    log = town.get("trader", "/v1/access-log", ucr=story.ucr).json()["reads"]
    by_record = {one["record"]: one for one in log}
    for slug, seen in (("customs", officer), ("carrier", carrier)):
        # Each of them holds a receipt that the gateway signed before it answered; the owner finds that very read.
        receipt = CompactJws.parse(seen.receipt, typ="tongguan-read-receipt+jwt").payload
        (named,) = receipt["access_records"]
        line = by_record[named]
        access = line["access"]
        assert access["reader"] == town.member(slug).uscc
        assert access["view"] == "consignment"
        shown = {name for one in seen.view["records"] if one["issuer"] != access["reader"] for name in one["shown"]}
        assert set(access["sections"]) == shown
        assert access["at"]["utc"].startswith("20")
        # The read is a record like any other: signed by the gateway, anchored, covered, and provable on its own.
        assert (line["issuer"], line["state"]) == (town.member("gateway").uscc, "covered")
        signed = SignedRecord.parse(line["sd_jwt"])
        assert signed.record_id == named and signed.vct == AuditAccess.TYPE
        proof = parse_bundle(town.get("trader", f"/v1/records/{named}/bundle").content)
        assert verify(proof, town.root).verdict is Verdict.VALID
    # The broker's questions showed it nothing, so there is nothing to log; the owner's own reads stand there too.
    readers = {one["access"]["reader"] for one in log}
    assert town.member("broker").uscc not in readers
    # The carrier sees that there were reads, and that who read is withheld from it.
    assert {
        str(one.get("withheld")) for one in town.get("carrier", "/v1/access-log", ucr=story.ucr).json()["reads"]
    } == {"['access']"}


def test_a_record_about_two_importers_goods_shows_neither_of_them_the_other(story: Story) -> None:
    town = story.town
    both = town.say("carrier", consortium.waybill("777-12345675"), story.ucr, story.anothers_ucr)
    town.cover()
    for slug, own, foreign in (("trader", story.ucr, story.anothers_ucr), ("bank", story.anothers_ucr, story.ucr)):
        paths = (
            f"/v1/consignments/{own}",
            f"/v1/consignments/{own}/bundle",
            f"/v1/records/{both.record_id}",
            f"/v1/records/{both.record_id}/bundle",
            f"/v1/access-log?ucr={own}",
            "/v1/search?transport_document=777-12345675",
            "/v1/references/transport_document?value=777-12345675",
        )
        for path in paths:
            answer = town.get(slug, path)
            assert answer.status_code == 200, path
            assert foreign not in answer.text, path
            disclosed = [one for part in answer.text.split("~")[1:] for one in part.split(".")]
            assert all(foreign not in decoded(one) for one in disclosed), path


def decoded(part: str) -> str:
    """A disclosure's text; empty for what is none."""
    try:
        return parse_base64url(part).decode()
    except ValueError:
        return ""
