"""The regional demonstration: one truth at three gateways, a fire at one of them, and a member that leaves.

Every claim is checked by this program; it ends with 1 where one does not hold.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from chain.claims import make_jti
from chain.errors import LedgerFault, NotFound
from chain.records import sign_record
from gateway.client import FailoverClient, GatewayClient, Receipt
from scripts.demonstration import DemonstrationFailed, DemonstrationInterrupted
from scripts.region.foundation import ORGANISATIONS, FoundedRegion, member_of
from scripts.region.network import RegionNetwork
from scripts.region.story import (
    EXPORT_NUMBER,
    IMPORT_NUMBER,
    Speech,
    hebei_export,
    late_event,
    morning,
    sea_import,
)
from scripts.sandboxed_verify import Offline
from scripts.view_text import timeline_lines

TIMEOUT_S = 90.0
PAUSE_S = 0.5
READER = "beijing"
LEAVER = "mill"
BURNED = "tianjin"


@dataclass
class RegionDemonstration:
    """One run over a founded region whose parts run."""

    region: FoundedRegion
    network: RegionNetwork
    console: Console
    stopped: Callable[[], bool] = lambda: False
    _number: int = 0

    @property
    def import_ucr(self) -> str:
        """The sea import."""
        return f"6CN{member_of('importer').profile.uscc}-XINGANG"

    @property
    def export_ucr(self) -> str:
        """The export of Hebei."""
        return f"6CN{member_of('mill').profile.uscc}-XINGANG"

    def run(self) -> None:
        """The whole story. Raises DemonstrationFailed where a claim does not hold."""
        clock = morning(datetime.now(UTC))
        self._step("A sea import enters at Xingang and clears in Beijing by transit, each speaks at its own gateway")
        self._say_all(self.import_ucr, sea_import(clock))
        self._step("An export of Hebei leaves by Xingang")
        self._say_all(self.export_ucr, hebei_export(clock))
        self._show_one_truth()
        self._burn()
        self._step("The terminal's own gateway is gone: its adapter goes on with the next one, with the same record")
        self._require_whole_elsewhere(self._say_all(self.export_ucr, [late_event(clock)]))
        self._rebuild()
        self._leave()

    def _show_one_truth(self) -> None:
        self._step("The same view is shown at all three gateways, byte by byte")
        for ucr, number, state in (
            (self.import_ucr, IMPORT_NUMBER, "RELEASED"),
            (self.export_ucr, EXPORT_NUMBER, "CLOSED"),
        ):
            view = self._same_view(ucr)
            (thread,) = [thread for thread in view["declarations"] if number in thread["numbers"]]
            self._require(thread["state"] == state, f"{number} must be {state}, and is {thread['state']}")
            self._note(f"{ucr}: {len(view['records'])} records, declaration {number} [bold]{thread['state']}[/]")
            for line in timeline_lines(view):
                self._note(f"    {line}")
        view = self._same_view(self.import_ucr)
        foreign = [finding for finding in view["findings"] if finding["rule"].startswith("S02")]
        self._require(bool(foreign), "the word of an office that is not competent must be found")
        self._note(f"a word of Hebei's office counts nothing in Beijing: {foreign[0]['text']}")
        self._verify_everywhere(ORGANISATIONS)

    def _burn(self) -> None:
        self._step("Fire in Tianjin: its gateway is killed, its store and index are deleted")
        self.network.kill_gateway(BURNED)
        folder = self.region.folder(BURNED).gateway
        for file in folder.glob("store.sqlite*"):
            file.unlink()
        shutil.rmtree(folder / "index")

    def _require_whole_elsewhere(self, record_ids: set[str]) -> None:
        others = [organisation for organisation in ORGANISATIONS if organisation != BURNED]
        self._step(f"{' and '.join(others)} are whole all the same")
        for organisation in others:
            view = self._view_once(organisation, self.export_ucr, lambda view: record_ids <= _ids(view))
            self._require(view["completeness"]["is_whole_here"], f"{organisation} must be whole")
            self._note(f"{organisation}: {len(view['records'])} records, whole")
        self._verify_everywhere(others)

    def _rebuild(self) -> None:
        self._step("Tianjin is made whole again from the chain and the others: tongguan rebuild")
        done = self.network.run("rebuild", str(self.region.folder(BURNED).path), "--rpc", self.network.rpc_url)
        self._require(done.returncode == 0, f"the rebuild must hold\n{done.stdout}{done.stderr}")
        for line in done.stdout.splitlines():
            self._note(line)
        self.network.start_gateway(BURNED)
        for ucr in (self.import_ucr, self.export_ucr):
            self._same_view(ucr)
            self._note(f"{ucr}: the view in Tianjin is byte-equal again")

    def _leave(self) -> None:
        self._step("Hebei's mill leaves with its exit kit, and verifies alone")
        kit = self.region.path / "exit-kit"
        gateway = self.region.gateway_url("hebei")
        folder = str(self.region.folder("hebei").path)
        words = ("exit-kit", folder, "--member", LEAVER, "--gateway", gateway, "--out", str(kit))
        done = self.network.run(*words)
        self._require(done.returncode == 0, f"the exit kit must be whole\n{done.stdout}{done.stderr}")
        self._note(done.stdout.strip())
        fingerprint = self.region.trust_root.short_fingerprint
        # Away from our sources: the kit's own verifier or none.
        command = [sys.executable, "-P", "verify.py", "--fingerprint", fingerprint]
        alone = subprocess.run(command, cwd=kit, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        self._require(alone.returncode == 0, f"the kit must verify alone\n{alone.stdout}{alone.stderr}")
        self._note(alone.stdout.strip())

    def _say_all(self, ucr: str, statements: Sequence[Speech]) -> set[str]:
        """Has everything said; the ids of its records."""
        record_ids = set()
        for statement in statements:
            receipt = self._say(ucr, statement)
            taken = next(slug for slug in ORGANISATIONS if member_of(slug).profile.uscc == receipt.gateway)
            self._note(f"{statement.words:52} {statement.record.TYPE:28} taken by {taken}")
            record_ids.add(receipt.record_id)
        return record_ids

    def _say(self, ucr: str, statement: Speech) -> Receipt:
        member = member_of(statement.slug)
        folder = self.region.folder(member.organisation)
        self._number += 1
        signed = sign_record(
            statement.record.for_ucrs([ucr]),  # type: ignore[list-item]
            key=folder.signing_key(statement.slug),
            iss=member.profile.uscc,
            consortium=self.region.trust_root.consortium.hex(),
            iat=int(time.time()),
            jti=make_jti(folder.jti_secret(statement.slug), "region", str(self._number), "1", ucr),
        )
        order = [member.organisation, *(other for other in ORGANISATIONS if other != member.organisation)]
        with FailoverClient([self._client(statement.slug, at) for at in order]) as client:
            return client.submit(signed)

    def _client(self, slug: str, at: str) -> GatewayClient:
        member = member_of(slug)
        key = self.region.folder(member.organisation).signing_key(slug)
        return GatewayClient(self.region.gateway_url(at), signer=key, member=member.profile.uscc)

    def _same_view(self, ucr: str) -> dict[str, Any]:
        """The view of one block that all three gateways answer alike; raises DemonstrationFailed."""
        answers: dict[int, dict[str, str]] = {}
        for _ in self._until_timeout(f"one view of {ucr} at all three gateways"):
            for organisation in ORGANISATIONS:
                view = self._view_once(organisation, ucr, lambda view: True)
                view.pop("read_receipt")
                text = json.dumps(view, ensure_ascii=False)
                answers.setdefault(view["completeness"]["as_of_block"], {})[organisation] = text
            # Reads are anchored too, so blocks go by; those of one block are compared.
            whole = [texts for texts in answers.values() if len(texts) == len(ORGANISATIONS)]
            for texts in whole:
                answer: dict[str, Any] = json.loads(texts[READER])
                if answer["completeness"]["is_whole_here"] and _is_covered(answer):
                    self._require(len(set(texts.values())) == 1, f"views of {ucr} of one block must be equal")
                    return answer
        raise AssertionError("unreachable: the time-out raises")

    def _view_once(self, organisation: str, ucr: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        with self._client(READER, organisation) as client:
            for _ in self._until_timeout(f"{ucr} at {organisation}"):
                try:
                    view = client.consignment(ucr)
                except (NotFound, LedgerFault):
                    continue  # what was said elsewhere has not come here yet
                if wanted(view):
                    return view
        raise AssertionError("unreachable: the time-out raises")

    def _verify_everywhere(self, organisations: Sequence[str]) -> None:
        for organisation in organisations:
            offline = Offline(self.region.folder(organisation).trust_root)
            for name, ucr in (("import", self.import_ucr), ("export", self.export_ucr)):
                bundle = self._bundle(organisation, name, ucr)
                verdict = offline.verify(bundle)
                self._require(verdict.code == 0, f"{bundle} must verify, and was {verdict.verdict}\n{verdict.text}")
                self._note(f"[bold green]{verdict.verdict}[/] the {name}'s bundle from {organisation}")

    def _bundle(self, organisation: str, name: str, ucr: str) -> Path:
        self._view_once(organisation, ucr, lambda view: view["completeness"]["is_whole_here"] and _is_covered(view))
        folder = self.region.folder(organisation).path / "bundles"
        folder.mkdir(exist_ok=True)
        bundle = folder / f"{name}.json"
        with self._client(READER, organisation) as client:
            bundle.write_bytes(client.consignment_bundle(ucr))
        return bundle

    def _until_timeout(self, what: str) -> Iterator[None]:
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            yield
            if self.stopped():
                raise DemonstrationInterrupted(f"interrupted while waiting for {what}")
            self.network.check()
            time.sleep(PAUSE_S)
        raise DemonstrationFailed(f"waited {TIMEOUT_S:.0f} s in vain for {what}")

    def _require(self, held: bool, claim: str) -> None:
        if not held:
            raise DemonstrationFailed(claim)

    def _step(self, text: str) -> None:
        self.console.print(f"\n[bold cyan]▸[/] [bold]{text}[/bold]")

    def _note(self, text: str) -> None:
        self.console.print(f"    {text}", highlight=False, soft_wrap=True)


def _ids(view: dict[str, Any]) -> set[str]:
    return {str(record["record"]) for record in view["records"]}


def _is_covered(view: dict[str, Any]) -> bool:
    return bool(view["records"]) and all(record["state"] == "covered" for record in view["records"])
