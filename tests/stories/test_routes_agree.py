"""Whatever way a member asks, it is shown the same sections: view, record, bundles. No way shows more than another."""

from __future__ import annotations

import pytest

from chain.proof.bundle_reader import parse_bundle
from chain.records.base import Reference
from chain.records.customs import CustomsStatus
from chain.records.sections import Status
from chain.sdjwt import SignedRecord
from gateway.query.directory import RegistryDirectory
from gateway.query.loader import ConsignmentLoader, Opener
from tests.gateway.query.consortium import assessment, order, waybill
from tests.stories.local_consortium import Town

NUMBER = "010020261000000017"
SLUGS = (
    "customs",
    "eport",
    "tax",
    "gateway",
    "broker",
    "trader",
    "carrier",
    "terminal",
    "bank",
    "regulator",
    "auditor",
)


def shown_sections(signed: SignedRecord) -> set[str]:
    return {name for name in signed.sections if signed.section(name)}


@pytest.fixture(scope="module")
def consignment(town: Town) -> tuple[str, list[SignedRecord]]:
    """A consignment with records of four issuers, covered by a checkpoint."""
    ucr = f"6CN{town.member('trader').uscc}-ROUTES"
    status = CustomsStatus(
        references=(Reference(kind="declaration", value=NUMBER),),
        status=Status.model_validate(
            {"about": "declaration", "code": {"system": "cn-channel", "value": "L"}, "state": "ACCEPTED"}
        ),
    )
    told = [
        town.say("trader", order().with_names([town.member("carrier").uscc]), ucr),
        town.say("carrier", waybill(), ucr),
        town.say("customs", status, ucr),
        town.say("customs", assessment(), ucr),
    ]
    town.cover()
    return ucr, told


@pytest.mark.parametrize("slug", SLUGS)
def test_view_record_and_bundles_show_one_member_the_same(
    town: Town, consignment: tuple[str, list[SignedRecord]], slug: str
) -> None:
    ucr, told = consignment
    view = town.get(slug, f"/v1/consignments/{ucr}")
    in_view: dict[str, set[str]] = {}
    if view.status_code == 200:
        in_view = {line["record"]: set(line["shown"]) for line in view.json()["records"]}
    else:
        assert view.status_code == 404
    for one in told:
        record = town.get(slug, f"/v1/records/{one.record_id}")
        bundle = town.get(slug, f"/v1/records/{one.record_id}/bundle")
        if one.record_id not in in_view:
            assert record.status_code == bundle.status_code == 404
            continue
        assert set(record.json()["sections"]) == in_view[one.record_id]
        assert shown_sections(SignedRecord.parse(record.json()["sd_jwt"])) == in_view[one.record_id]
        (proved,) = parse_bundle(bundle.content).records
        assert shown_sections(proved.signed) == in_view[one.record_id]
    if view.status_code == 404 or view.json()["reader"]["own_records_only"]:
        assert town.get(slug, f"/v1/consignments/{ucr}/bundle").status_code in (403, 404)
        assert town.get(slug, "/v1/access-log", ucr=ucr).status_code == 404
        return
    whole = parse_bundle(town.get(slug, f"/v1/consignments/{ucr}/bundle").content)
    shown = {one.signed.record_id: shown_sections(one.signed) for one in whole.records}
    assert shown and shown == in_view


def test_each_answer_with_others_words_has_a_read_receipt_and_a_record_in_the_owners_log(
    town: Town, consignment: tuple[str, list[SignedRecord]]
) -> None:
    ucr, told = consignment
    before = len(town.get("trader", "/v1/access-log", ucr=ucr).json()["reads"])
    paths = (
        f"/v1/consignments/{ucr}",
        f"/v1/consignments/{ucr}/bundle",
        f"/v1/records/{told[0].record_id}",
        f"/v1/records/{told[0].record_id}/bundle",
    )
    for path in paths:
        assert town.get("auditor", path).headers["Tongguan-Read-Receipt"]
    reads = town.get("trader", "/v1/access-log", ucr=ucr).json()["reads"]
    assert len(reads) == before + len(paths)
    assert [one["access"]["view"] for one in reads[:4]] == ["bundle", "record", "bundle", "consignment"]
    own = town.get("trader", f"/v1/records/{told[0].record_id}")
    assert "Tongguan-Read-Receipt" not in own.headers


@pytest.mark.parametrize(
    "path",
    [
        "/v1/consignments/nonsense",
        "/v1/consignments/6CN91110000600037341L-%22%0d%0aX",
        "/v1/records/nonsense",
        "/v1/records/nonsense/bundle",
        "/v1/documents/zz",
        "/v1/references/rumour?value=1",
        "/v1/references/order?value=",
        "/v1/references/order?value=1&on=yesterday",
        "/v1/access-log?ucr=nonsense",
        "/v1/search",
        "/v1/search?goods=a&goods=b",
        "/v1/search?hs=84%25",
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_reason_and_never_a_fault(town: Town, path: str) -> None:
    answer = town.get("trader", path)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["detail"]
    assert town.http.get(path).status_code == 401


def test_consignments_gathered_together_are_what_each_is_alone(town: Town) -> None:
    services = town.gateway.services
    opener = Opener(services.store.vault)
    first, second = (f"6CN{town.member('trader').uscc}-TOGETHER{place}" for place in "12")
    for ucr in (first, second):
        town.say("trader", order().with_names([town.member("carrier").uscc]), ucr)
    town.say("customs", assessment(), first)
    town.say("carrier", waybill(), first, second)
    town.cover()
    ucrs = [first, second, f"6CN{town.member('trader').uscc}-NOWHERE"]
    loader = ConsignmentLoader(services.store, opener, services.index, services.tag_keys)
    directory = RegistryDirectory(services.registry.snapshot())
    alone = [loader.load(ucr, directory, None) for ucr in ucrs]
    assert [len(one.records) for one in alone] == [3, 2, 0]
    assert loader.load_each(ucrs, directory, None) == alone
