"""The demonstration: the main job end to end, told in plain words, every claim checked by a program.

Two stories run from the single window to a proof that a stranger checks offline; then four lies are stories with the
proof in hand and each is refused. Exit 0 only if every step held.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from chain.command_line import run_program
from chain.errors import TongguanError
from chain.private_files import keep_files_private
from chain.proof.witness_policy import WitnessPolicy
from chain.records import AuditDisposition, Disposition, Explanation, Record, TradeExplanation
from chain.verify.trust_root import TrustRoot
from chain.witness.client import Witness
from gateway.client import GatewayClient
from scripts.bootstrap import found
from scripts.commands.doctor_commands import diagnose
from scripts.commands.finding_commands import say_about_findings
from scripts.commands.operate_commands import UNSEALED_HELP, UNSEALED_WARNING
from scripts.consortium_folder import ConsortiumFolder, write_open
from scripts.demonstration_erasure import erase_parties
from scripts.demonstration_people import log_in_links
from scripts.forgeries import TAMPERS
from scripts.ledger_connection import trust_root_of
from scripts.local_network import Machine
from scripts.processes import StopSignal
from scripts.sandboxed_verify import Offline, caught_by
from scripts.view_text import show_records, show_view
from scripts.witness_folder import NotesFolder, WitnessFolder, add_witness

STORIES = ("parcel", "air_import")
STORY_TITLES = {"parcel": "a parcel 跨境电商包裹", "air_import": "an air import 空运进口"}
PORTS = (8645, 8700, 8710)
"""Of node, gateway and single window; each gives way to a free one where it is taken."""
STORY_TIMEOUT_S = 120.0
READER = "regulator"
DESKS = ("customs", "tax")  # governors that run a risk desk
DOCTOR_SEES_NONE = "tongguan doctor looks at this installation: all well 一切正常"
LIE, LIE_RULE = "gross_weight", "C13"
"""What is planted, and the rule that finds it."""
WITNESS = "university.example/witness"
HEARTBEAT_S = 3.0  # each look at a view is anchored too, so batches never pause while it waits for a checkpoint
VIEW_PAUSE_S = 1.0
"""Each look at a view is a read that is logged and anchored, so the demonstration does not stare."""

EXIT_INTERRUPTED = 130  # what a shell expects of a program that an interrupt ended (128 + SIGINT)


class DemonstrationFailed(TongguanError):
    """Something that the demonstration claims did not hold."""


class DemonstrationInterrupted(TongguanError):
    """An interrupt came before the demonstration had shown all that it claims."""


@dataclass
class ToldStory:
    """One story as it was told in this run."""

    name: str
    ucr: str
    messages: int
    view: dict[str, Any] = field(default_factory=dict)
    bundle: Path = Path()
    covered_until_block: int | None = None


class Demonstration:
    """One run in one folder."""

    def __init__(
        self,
        folder: ConsortiumFolder,
        console: Console,
        rpc: str = "",
        funder: Path | None = None,
        unsealed: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._folder = folder
        self._stopped = stopped
        self._say = console
        self._rpc = rpc
        self._funder = funder
        self._unsealed = unsealed
        self._started = time.monotonic()
        self._ucrs: dict[str, str] = {}
        self._witness = WitnessFolder(folder.path / "witness")

    def found(self) -> None:
        """Founds the consortium, or says that this run goes on where the last one ended."""
        if self._folder.is_founded():
            self._step("The consortium is already founded here; this run goes on where the last one ended.")
            return
        self._step("A consortium is founded: keys, chain, contracts, members, trust root")
        root = found(self._folder, rpc=self._rpc, funder=self._funder, unsealed=self._unsealed, say=self._note)
        self._note(f"trust root fingerprint {root.short_fingerprint}")
        if not root.is_unsealed:
            self._find_witness(root)

    def _find_witness(self, root: TrustRoot) -> None:
        """An outsider agrees to witness: the trust root demands it from now on."""
        self._step("A university agrees to witness that there is one history, and the trust root demands it")
        notes = [NotesFolder(self._folder, member.slug) for member in self._folder.members() if not member.sponsor]
        key = self._witness.make(WITNESS)
        for governor in notes:
            self._witness.trust(governor.key())
        origins = sorted((governor.key() for governor in notes), key=lambda origin: origin.text.encode())
        demanding = root.with_witnesses(WitnessPolicy(tuple(origins), (key,), 1))
        write_open(self._folder.trust_root, demanding.format())
        self._note(f"witness {key.text}")
        self._note(f"trust root fingerprint {demanding.short_fingerprint}")

    @property
    def _has_witness(self) -> bool:
        return (self._witness.path / "witness.json").exists()

    def run(self, machine: Machine) -> None:
        """Everything after the founding. Raises where a claim does not hold."""
        self._step("Its parts start")
        (self._folder.path / "inbox").mkdir(exist_ok=True)
        if self._has_witness:
            machine.start_witness(self._witness, self._note)
            add_witness(self._folder, Witness(self._witness.key(), machine.witness_url))
        machine.start_core(self._note)
        machine.start_single_window(self._note)
        machine.start_adapters(self._note)
        machine.start_risk_desks(DESKS, self._note)
        with self._reader(machine) as reader:
            stories = [self._tell(machine, name) for name in STORIES]
            lie = self._tell(machine, "air_import", lie=LIE)
            self._wait_until_read(machine, [*stories, lie])
            self._wait_until_covered(machine, reader, stories)
            for story in stories:
                self._show(reader, story)
            if trust_root_of(self._folder).is_unsealed:
                raise DemonstrationFailed(f"{UNSEALED_WARNING} All else held; no bundle can be made or believed.")
            for story in stories:
                self._save_bundle(reader, story)
            self._work_off(machine, lie)
        self._verify(stories)
        self._refuse_lies(stories)

    def close(self, machine: Machine, *, keeps_running: bool) -> None:
        """Says what `doctor` sees, and what to open or type next; each command works as it is printed."""
        lines = list(diagnose(self._folder, machine.gateway_url, machine.rpc_url, time.time))
        faults = [line for line in lines if not line.is_well]
        self._step(f"tongguan doctor looks at {len(lines)} things: {len(faults)} to do" if faults else DOCTOR_SEES_NONE)
        for line in faults:
            self._note(line.format())
        self._step(f"All of it held, {time.monotonic() - self._started:.0f} s from the start. What to do next:")
        for purpose, command in self._next_steps(machine, keeps_running=keeps_running):
            self._note(f"{purpose + ':':24} {command}")

    def _next_steps(self, machine: Machine, *, keeps_running: bool) -> Iterator[tuple[str, str]]:
        tongguan = str(Path(sys.executable).with_name("tongguan"))
        path = self._folder.path

        def command(*words: str | Path) -> str:
            return shlex.join([tongguan, *(str(word) for word in words)])

        bundle = path / "bundles" / f"{STORIES[0]}.json"
        yield "verify a bundle", command("verify", bundle, "--trust-root", path / "trust-root.json")
        if not keeps_running:
            return
        gateway = ("--gateway", machine.gateway_url)
        yield "look at a consignment", command("view", path, self._ucrs[STORIES[0]], "--member", READER, *gateway)
        yield "the officers' queue", command("findings", "list", path, "--member", DESKS[0], "--state", "any", *gateway)
        yield from log_in_links(partial(self._reader, machine))
        yield "a token for the console", command("token", path, "--member", READER, *gateway)
        yield "what the operator did", command("operator-log", path, *gateway)
        yield "the console", f"{machine.gateway_url}/console (all in numbers: /console/statistics)"
        yield "a bundle verified in your browser", f"{machine.gateway_url}/verify"
        yield "the interface", f"{machine.gateway_url}/docs"
        yield "ask the chain", f"any Ethereum client at {machine.rpc_url}"
        window = ("--single-window", machine.single_window_url)
        sending = ("adapter", path, "--member", "broker", "--from", path / "inbox", "--assign-ucrs", *gateway, *window)
        yield "files put into inbox", command(*sending)

    def _tell(self, machine: Machine, name: str, lie: str = "") -> ToldStory:
        told = f"{STORY_TITLES[name]}, with a lie in it: {lie}" if lie else STORY_TITLES[name]
        self._step(f"The single window is told a story: {told}")
        order = {"lie": lie} if lie else {}
        answer = httpx.post(f"{machine.single_window_url}/v1/stories/{name}", json=order, timeout=30)
        answer.raise_for_status()
        said = answer.json()
        self._note(f"{said['messages']} native messages for consignment {said['ucrs'][0]}")
        self._ucrs.setdefault(name, said["ucrs"][0])
        return ToldStory(name, said["ucrs"][0], said["messages"])

    def _wait_until_read(self, machine: Machine, stories: list[ToldStory]) -> None:
        self._step("Each member's adapter fetches its messages, maps them, signs the records and submits them")
        total = sum(story.messages for story in stories)
        with self._progress("messages acknowledged", total) as advance:
            before = total
            for _ in self._until_timeout(machine, "the adapters to acknowledge every message"):
                counts = httpx.get(f"{machine.single_window_url}/healthz", timeout=10).json()
                if counts["refused"]:
                    raise DemonstrationFailed(f"{counts['refused']} messages were refused; see the adapters' log")
                left = counts["planned"] + counts["open"]
                advance(before - left)
                before = left
                if left == 0:
                    return

    def _wait_until_covered(self, machine: Machine, reader: GatewayClient, stories: list[ToldStory]) -> None:
        self._step("The gateway anchors the records in batches; governors attest to the index map")
        with self._progress("records covered by a checkpoint", 1) as advance:
            for _ in self._until_timeout(machine, "every record to be covered by a checkpoint", pause_s=VIEW_PAUSE_S):
                for story in stories:
                    story.view = reader.consignment(story.ucr)
                records = [record for story in stories for record in story.view["records"]]
                if records and all(record["state"] == "covered" for record in records):
                    advance(1)
                    return

    def _show(self, reader: GatewayClient, story: ToldStory) -> None:
        self._step(f"What the consortium now knows of {STORY_TITLES[story.name]}, as its regulator sees it")
        show_records(self._say, story.view)
        show_view(self._say, story.view)

    def _save_bundle(self, reader: GatewayClient, story: ToldStory) -> None:
        story.bundle = self._folder.path / "bundles" / f"{story.name}.json"
        story.bundle.parent.mkdir(exist_ok=True)
        story.bundle.write_bytes(reader.consignment_bundle(story.ucr))
        self._note(f"proof bundle: {story.bundle} ({story.bundle.stat().st_size:,} bytes)")

    def _verify(self, stories: list[ToldStory]) -> None:
        offline = Offline(self._folder.trust_root)
        self._step(f"A stranger verifies the bundles: a separate process, {offline.isolation}")
        for story in stories:
            verdict = offline.verify(story.bundle)
            self._require(
                verdict.code == 0, f"{story.bundle.name} must verify, and was {verdict.verdict}\n{verdict.text}"
            )
            story.covered_until_block = verdict.covered_until_block
            self._note(f"[bold green]{verdict.verdict}[/] {story.bundle.name}: {len(story.view['records'])} records")
            for check in verdict.checks:
                self._note(f"  {check['outcome']:8}{check['number']:2} {check['name']}")
            for outsider in verdict.cosigned_by:
                self._note(f"  cosigned by [bold]{outsider}[/]: no member can show another history")
            for remark in verdict.remarks:
                self._note(f"  [yellow]note[/] {remark}")
        self._note(f"first verified bundle {time.monotonic() - self._started:.0f} s after the start")

    def _refuse_lies(self, stories: list[ToldStory]) -> None:
        self._step("Four lies are told with a true bundle in hand; each must be refused")
        offline = Offline(self._folder.trust_root)
        said, other = (story.bundle.read_bytes() for story in reversed(stories))
        root = TrustRoot.parse(self._folder.trust_root.read_bytes())
        # A record of today may be left out as pending, and the claim then ends before it: so the block is asked for.
        as_of = stories[-1].covered_until_block
        folder = self._folder.path / "bundles" / "tampered"
        folder.mkdir(exist_ok=True)
        for tamper in TAMPERS:
            file = folder / f"{tamper.name}.json"
            file.write_bytes(tamper.forge(said, other, root))
            verdict = offline.verify(file, as_of=as_of)
            self._require(verdict.code not in (0, 2), f"{tamper.name} must be refused, and was {verdict.verdict}")
            caught = caught_by(verdict)
            self._require(f"“{tamper.check}”" in caught, f"{tamper.name}: {tamper.check} must catch it, not {caught}")
            self._note(f"{tamper.what}: [bold]{verdict.verdict}[/bold], caught by {caught}")

    def _work_off(self, machine: Machine, lie: ToldStory) -> None:
        self._step("The lie waits in the officers' queue, signed by two governors' risk desks")
        with self._reader(machine, DESKS[0]) as officer, self._reader(machine, "broker") as broker:
            for _ in self._until_timeout(machine, "both desks to sign the finding"):
                page = officer.findings(ucr=lie.ucr, rule=LIE_RULE)["findings"]
                if page and len(page[0]["signed_by"]) == len(DESKS):
                    break
            self._note(f"{page[0]['severity']} {page[0]['rule']}: {page[0]['text']}")
            answer = partial(_explanation, text="the pallets were weighed twice")
            say_about_findings(self._folder, "broker", broker, lie.ucr, LIE_RULE, answer)
            decision = partial(_disposition, reason="weighed again at the counter")
            say_about_findings(self._folder, DESKS[0], officer, lie.ucr, LIE_RULE, decision)
            for _ in self._until_timeout(machine, "the officer's decision to be anchored", pause_s=VIEW_PAUSE_S):
                page = officer.findings(ucr=lie.ucr, rule=LIE_RULE, state="cleared")["findings"]
                if page and page[0]["explanations"]:
                    break
            self._note(f"the broker answered; customs cleared it: {page[0]['disposition']['reason']}")
            self._note(erase_parties(self._folder, broker, "broker", lie.ucr))

    def _reader(self, machine: Machine, slug: str = READER) -> GatewayClient:
        member = self._folder.member(slug)
        return GatewayClient(machine.gateway_url, signer=self._folder.signing_key(member.slug), member=member.uscc)

    def _until_timeout(self, machine: Machine, what: str, pause_s: float = 0.2) -> Iterator[None]:
        deadline = time.monotonic() + STORY_TIMEOUT_S
        while time.monotonic() < deadline:
            yield
            if self._stopped():
                raise DemonstrationInterrupted(f"interrupted while waiting for {what}")
            machine.check()
            time.sleep(pause_s)
        raise DemonstrationFailed(f"waited {STORY_TIMEOUT_S:.0f} s in vain for {what}")

    @contextmanager
    def _progress(self, what: str, total: int) -> Iterator[Any]:
        columns = (SpinnerColumn(), TextColumn("    {task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=self._say) as progress:
            task = progress.add_task(what, total=total)
            yield lambda amount: progress.advance(task, amount)

    def _require(self, held: bool, claim: str) -> None:
        if not held:
            raise DemonstrationFailed(claim)

    def _step(self, text: str) -> None:
        if self._stopped():
            raise DemonstrationInterrupted(f"interrupted before: {text}")
        self._say.print(f"\n[bold cyan]▸[/] [bold]{text}[/bold]")

    def _note(self, text: str) -> None:
        self._say.print(f"    {text}", highlight=False, soft_wrap=True)


def _explanation(rule: str, named: tuple[str, ...], text: str) -> Record:
    return TradeExplanation(explanation=Explanation(rule=rule, findings=named, text=text))


def _disposition(rule: str, named: tuple[str, ...], reason: str) -> Record:
    return AuditDisposition(disposition=Disposition(rule=rule, findings=named, outcome="cleared", reason=reason))


def main(arguments: list[str] | None = None) -> int:
    """Runs the demonstration; 0 where all held, 1 where a claim did not, 2 where it could not be told."""
    return run_program("demo", run_demonstration, arguments)


def run_demonstration(
    directory: Annotated[Path, typer.Option("--dir", help="holds everything it writes")] = Path(".demo"),
    once: Annotated[bool, typer.Option("--once", help="leave after the last step instead of running on")] = False,
    any_ports: Annotated[bool, typer.Option("--any-ports", help="free ports, to run beside another one")] = False,
    rpc: Annotated[str, typer.Option(help="do it on this running network (QBFT), not on an embedded node")] = "",
    funder: Annotated[Path | None, typer.Option(help="with --rpc: key file of an account that may send")] = None,
    unsealed: Annotated[bool, typer.Option("--unsealed", help=UNSEALED_HELP)] = False,
) -> int:
    """The main job of Tongguan, end to end."""
    console = Console()
    stopped = StopSignal()
    folder = ConsortiumFolder(directory.resolve())
    demonstration = Demonstration(folder, console, rpc, funder, unsealed, stopped)
    try:
        demonstration.found()
        node_port, gateway_port, window_port = (0, 0, 0) if any_ports else PORTS
        with Machine(
            folder,
            node_port=node_port,
            gateway_port=gateway_port,
            single_window_port=window_port,
            quiet_s=1.0,
            heartbeat_s=HEARTBEAT_S,
            is_demonstration=True,
            desks=DESKS,
        ) as machine:
            demonstration.run(machine)
            demonstration.close(machine, keeps_running=not once)
            if not once:
                console.print("\nEverything keeps running. Interrupt (Ctrl-C) to stop.")
                machine.run_until(stopped)
    except DemonstrationInterrupted as error:
        console.print(f"\n[bold]Stopped before the end:[/] {error}", soft_wrap=True)
        return EXIT_INTERRUPTED
    except DemonstrationFailed as error:
        console.print(f"\n[bold red]It did not hold:[/] {error}", soft_wrap=True)
        return 1
    except (TongguanError, httpx.HTTPError, OSError) as error:
        console.print(f"\n[bold red]Could not go on:[/] {error}", soft_wrap=True)
        return 2
    return 0


if __name__ == "__main__":
    keep_files_private()
    sys.exit(main())
