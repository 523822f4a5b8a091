"""The page on joining holds: typed by an enterprise and its sponsor, it makes a member; faults are named."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain.errors import Refused
from chain.members import AddedBy
from scripts.cli import app
from scripts.consortium_folder import ConsortiumFolder
from scripts.foundation.application import Application, MalformedApplication, sign_application
from scripts.foundation.organisation import CardDetails, make_card
from scripts.ledger_connection import connect, trust_root_of
from scripts.local_network import Machine
from tests.founded import copy_founded

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "joining.md"
FIRM = "91110000MA0000779C"
OFFLINE = ("org", "apply")


def commands_of_the_page() -> list[str]:
    blocks = re.findall(r"<!-- typed -->\n```\n(.*?)```\n<!-- /typed -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


class Desk:
    """Where the page is typed: the consortium's folder, the chain, and what each command printed."""

    def __init__(self, office: ConsortiumFolder, rpc: str) -> None:
        self.office = office
        self.rpc = rpc
        self.printed: dict[str, str] = {}

    def types(self, line: str, exit_code: int = 0) -> str:
        program, *arguments = shlex.split(line)
        assert program == "tongguan"
        rpc = [] if arguments[0] in OFFLINE else ["--rpc", self.rpc]
        done = CliRunner().invoke(app, [*arguments, *rpc])
        if isinstance(done.exception, Refused):
            raise done.exception
        assert done.exit_code == exit_code, (line, done.output, done.exception)
        return done.output


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    path = tmp_path_factory.mktemp("joining")
    office = ConsortiumFolder(path / "office")
    copy_founded(office)
    with pytest.MonkeyPatch.context() as patch, Machine(office, node_port=0, gateway_port=0) as machine:
        patch.chdir(path)
        (path / "inbox").mkdir()
        machine.start_node(lambda line: None)
        desk = Desk(office, machine.rpc_url)
        for line in commands_of_the_page():
            told = desk.printed.get("apply", "").partition("by another way: ")[2].splitlines()
            output = desk.types(line.replace("FINGERPRINT", told[0] if told else ""))
            desk.printed[shlex.split(line)[1]] = output
        yield desk


def test_the_page_makes_the_enterprise_a_member_that_added_its_own_key(desk: Desk) -> None:
    ledger = connect(trust_root_of(desk.office), desk.rpc)
    member = ledger.members()[FIRM]
    assert member.profiles[-1].customs_code == "1101990077"
    (key,) = [key for key in ledger.keys().values() if key.versions[0].member == FIRM]
    assert key.versions[-1].added_by is AddedBy.MEMBER
    assert key.public_key.kid == ConsortiumFolder(Path("firm")).signing_key("firm").public.kid
    assert "against it" not in desk.printed["applications"] and FIRM in desk.printed["applications"]


def test_each_step_is_recorded(desk: Desk) -> None:
    kept = json.loads((desk.office.path / "admissions" / f"{FIRM}.json").read_text())
    assert Application.parse(kept["application"]).fingerprint.hex() == kept["fingerprint"]
    assert 0 < kept["admitted_in_block"] < kept["controller_in_block"]
    versions = json.loads(desk.printed["member"])["versions"]
    assert versions[0]["since_block"] == kept["admitted_in_block"]


def test_an_application_of_a_member_is_shown_with_what_speaks_against_it(desk: Desk) -> None:
    output = desk.types("tongguan applications inbox --as eport --dir office", exit_code=1)
    for words in ("is, or was, a member", "海关编码", "record key is registered", "controller account serves"):
        assert words in output
    assert "asks another sponsor" in desk.types("tongguan applications inbox --as customs --dir office", exit_code=1)


def test_what_the_sponsor_read_elsewhere_must_be_what_the_application_says(desk: Desk) -> None:
    desk.types(
        "tongguan org new other --slug other --name 另一公司 --uscc 91110000600037341L --roles TRADER,CUSTOMS "
        "--customs-code 1101990078"
    )
    sponsor = desk.office.member("eport").uscc
    desk.types(
        f"tongguan apply other --sponsor {sponsor} --trust-root office/trust-root.json --out inbox/other.application"
    )
    with pytest.raises(Refused) as caught:
        desk.types(
            "tongguan admit inbox/other.application --as eport --uscc 91110000MA0000779C --customs-code 1101990077 "
            "--fingerprint '0000 0000' --dir office"
        )
    for words in ("its USCC is", "its customs code is", "its fingerprint is", "granted by vote"):
        assert words in str(caught.value)
    assert "91110000600037341L" not in connect(trust_root_of(desk.office), desk.rpc).members()


def test_an_application_is_signed_by_the_key_of_its_card(desk: Desk) -> None:
    head, payload, signature = Application.parse(Path("inbox/firm.application").read_text()).text.split(".")
    with pytest.raises(MalformedApplication):
        Application.parse(f"{head}.{payload}.{signature[:-4]}AAAA")
    other = ConsortiumFolder(Path("office")).signing_key("broker")
    with pytest.raises(MalformedApplication):
        sign_application(
            make_card(ConsortiumFolder(Path("firm")), "firm", CardDetails()),
            consortium="0" * 64,
            sponsor=FIRM,
            applied_at=1,
            key=other,
        )
