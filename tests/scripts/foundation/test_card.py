"""Cards: what an organisation signs about itself, and each way in which a card is not right."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey
from eth_account import Account

from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.verify.trust_root import spoken_fingerprint
from scripts.bootstrap import example_uscc
from scripts.consortium_folder import ConsortiumFolder, MemberProfile
from scripts.foundation.card import CARD_CHARS_MAX, Card, MalformedCard, card_fingerprint, prove_possession
from scripts.foundation.organisation import CardDetails, make_card, make_member

PORT = MemberProfile(
    example_uscc("120000", 7001), "示范港口", "port", "governor", ("TERMINAL", "GATEWAY"), "0200900001"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ConsortiumFolder:
    folder = ConsortiumFolder(tmp_path_factory.mktemp("port"))
    folder.make_passphrase()
    make_member(folder, PORT, runs_gateway=True)
    return folder


@pytest.fixture(scope="module")
def text(folder: ConsortiumFolder) -> str:
    details = CardDetails(
        gateway_url="https://gateway.port.example", validator=PrivateKey(), validator_endpoint="h:303"
    )
    return make_card(folder, "port", details)


def test_a_card_says_who_it_is_and_what_keys_it_holds(folder: ConsortiumFolder, text: str) -> None:
    card = Card.parse(text)
    assert (card.uscc, card.name, card.holder, card.governor) == (PORT.uscc, PORT.name, PORT.uscc, True)
    assert card.record_key == folder.signing_key("port").public
    assert card.controller == folder.account("port").address.lower()
    assert card.find_account("gateway") == folder.account("port", "gateway").address.lower()
    assert card.keys.validator is not None and card.keys.validator.endpoint == "h:303"
    assert len(spoken_fingerprint(card_fingerprint(text)).split()) == 8


def test_the_fingerprint_is_of_what_was_signed_not_of_the_signature(text: str) -> None:
    assert card_fingerprint(text + "\n") == card_fingerprint(text)
    assert card_fingerprint(text.rpartition(".")[0] + "." + "A" * 86) == card_fingerprint(text)


Change = Callable[[dict[str, Any], ConsortiumFolder], None]


def _set(*path: str, value: Any) -> Change:
    def change(content: dict[str, Any], folder: ConsortiumFolder) -> None:
        for name in path[:-1]:
            content = content[name]
        content[path[-1]] = value

    return change


def _drop(*path: str) -> Change:
    def change(content: dict[str, Any], folder: ConsortiumFolder) -> None:
        for name in path[:-1]:
            content = content[name]
        del content[path[-1]]

    return change


def _list_strangers_account(content: dict[str, Any], folder: ConsortiumFolder) -> None:
    content["keys"]["accounts"]["account"]["address"] = Account.create().address.lower()


def _reuse_possession_of_another_purpose(content: dict[str, Any], folder: ConsortiumFolder) -> None:
    accounts = content["keys"]["accounts"]
    accounts["attester"] = dict(accounts["gateway"])
    del accounts["gateway"]


def _prove_for_another_member(content: dict[str, Any], folder: ConsortiumFolder) -> None:
    account, kid = folder.account("port"), folder.signing_key("port").public.kid
    proof = prove_possession(account, example_uscc("110000", 7002), kid, "account")
    content["keys"]["accounts"]["account"]["possession"] = proof


def _one_account_for_two_purposes(content: dict[str, Any], folder: ConsortiumFolder) -> None:
    account, kid = folder.account("port"), folder.signing_key("port").public.kid
    proof = prove_possession(account, PORT.uscc, kid, "gateway")
    content["keys"]["accounts"]["gateway"] = {"address": account.address.lower(), "possession": proof}


FAULTS: dict[str, tuple[Change, str]] = {
    "another format": (_set("format", value="tongguan-card/2"), "format"),
    "an unknown member": (_set("note", value="x"), "note"),
    "a USCC with a wrong check digit": (_set("uscc", value="91120000MA00900140"), "uscc"),
    "no name": (_set("name", value=""), "name"),
    "a slug with a slash": (_set("slug", value="../port"), "slug"),
    "an unknown role": (_set("roles", value=["KING"]), "roles"),
    "a role twice": (_set("roles", value=["TERMINAL", "TERMINAL"]), "roles"),
    "no role": (_set("roles", value=[]), "roles"),
    "an address in capitals": (_set("keys", "accounts", "account", "address", value="0x" + "A" * 40), "address"),
    "a gateway that is no URL": (_set("gateway_url", value="javascript:alert(1)"), "gateway_url"),
    "no controller": (_drop("keys", "accounts", "account"), "keys.accounts"),
    "a governor without attester": (_drop("keys", "accounts", "attester"), "attester"),
    "a governor without note key": (_set("keys", "note", value=None), "keys.note"),
    "a note key that is none": (_set("keys", "note", value="x+y+z"), "card"),
    "a participant with attester": (_set("governor", value=False), "attester"),
    "a stranger's account": (_list_strangers_account, "possession"),
    "possession proved for another purpose": (_reuse_possession_of_another_purpose, "possession"),
    "possession proved for another member": (_prove_for_another_member, "possession"),
    "one account for two purposes": (_one_account_for_two_purposes, "different accounts"),
    "a signature that is none": (_set("keys", "accounts", "account", "possession", value="00" * 65), "possession"),
    "another's validator": (_set("keys", "validator", "enode_key", value="11" * 64), "validator"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_card_with_one_fault_is_refused_by_its_name(name: str, folder: ConsortiumFolder, text: str) -> None:
    change, where = FAULTS[name]
    content: dict[str, Any] = copy.deepcopy(Card.parse(text).model_dump(mode="json"))
    change(content, folder)
    signed = sign_compact({"typ": "tongguan-card+jws"}, content, folder.signing_key("port"))
    with pytest.raises(MalformedCard, match=where):
        Card.parse(signed)


def test_a_card_that_another_key_signed_is_refused(text: str) -> None:
    content = Card.parse(text).model_dump(mode="json")
    with pytest.raises(MalformedCard, match="signature"):
        Card.parse(sign_compact({"typ": "tongguan-card+jws"}, content, SigningKey.generate()))


@pytest.mark.parametrize("broken", ["", "a.b.c", "x" * (CARD_CHARS_MAX + 1), "京"])
def test_what_is_no_card_is_said_to_be_none(broken: str) -> None:
    with pytest.raises(MalformedCard):
        Card.parse(broken)


def test_a_token_of_the_same_key_is_no_card(folder: ConsortiumFolder, text: str) -> None:
    content = Card.parse(text).model_dump(mode="json")
    with pytest.raises(MalformedCard, match="typ"):
        Card.parse(sign_compact({"typ": "JWT"}, content, folder.signing_key("port")))


def test_keys_of_a_folder_are_its_owners_alone(folder: ConsortiumFolder) -> None:
    files = [
        file for file in Path(folder.path).rglob("*") if file.is_file() and file.name not in {"member.json", "note-key"}
    ]
    assert len(files) >= 6
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
