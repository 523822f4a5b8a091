"""What an officer and a declarant type about findings: list them, look at one, dispose of it, answer it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chain.errors import NotFound
from scripts.commands.exchange_commands import DEFAULT_GATEWAY_URL, Directory, GatewayUrl, Reader, folder_option

if TYPE_CHECKING:
    from chain.records import Record
    from gateway.client import GatewayClient
    from scripts.consortium_folder import ConsortiumFolder

findings = typer.Typer(help="List, show, dispose of and answer findings.", no_args_is_help=True)
Ucr = Annotated[str, typer.Argument(metavar="UCR")]
Rule = Annotated[str, typer.Argument(help="id of the rule, such as C06", metavar="RULE")]
PAGES_MAX = 1_000
EXIT_COULD_NOT_TELL = 2
TEXT_CHARS = 70
AGREEMENT_WORDS = {
    True: "this gateway computes the same",
    False: "this gateway computes another",
    None: "not comparable",
}


class Disposal(StrEnum):
    """What an officer may decide."""

    CONFIRMED = "confirmed"
    CLEARED = "cleared"
    IGNORED = "ignored"


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(findings, name="findings")


@findings.command("list")
def list_findings(
    directory: Directory,
    member: Reader,
    rule: Annotated[str, typer.Option(help="of this rule")] = "",
    severity: Annotated[str, typer.Option(help="H, M or I")] = "",
    state: Annotated[str, typer.Option(help="open, confirmed, cleared, ignored, withdrawn or any")] = "open",
    office: Annotated[str, typer.Option(help="of this customs office, 4 digits")] = "",
    broker: Annotated[str, typer.Option(help="of this broker: USCC or customs code")] = "",
    ucr: Annotated[str, typer.Option(help="of this consignment")] = "",
    waiting_h: Annotated[int, typer.Option(help="opened at least so many hours ago")] = 0,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the findings that a member may see: the open ones unless --state says otherwise."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    asked = {
        "rule": rule, "severity": severity, "state": state, "office": office, "broker": broker, "ucr": ucr,
        "waiting_h": str(waiting_h) if waiting_h else "",
    }  # fmt: skip
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        lines = _all_findings(gateway, {name: value for name, value in asked.items() if value})
    if as_json:
        print(json.dumps(lines, ensure_ascii=False, indent=2))
        return
    for line in lines:
        text = line["text"] or "(what it rests on is not shown to you)"
        signers = len(line["signed_by"])
        print(
            f"{line['severity']} {line['rule']:4} {line['state']}{' again' if line['reopened'] else ''}  {line['ucr']}"
            f"  {duration_words(line['waited_s'])}  signed by {signers}  {text[:TEXT_CHARS]}"
        )
    print(f"{len(lines)} findings")


@findings.command()
def show(
    directory: Directory, ucr: Ucr, rule: Rule, member: Reader, gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL
) -> None:
    """Show what every desk said of a rule in a consignment, what was answered and decided. Exit 1 where nothing was."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    names = {profile.uscc: profile.slug for profile in folder.members()}
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        view = gateway.consignment(ucr)
    opinion = next((line for line in view["opinions"] if line["rule"] == rule.upper()), None)
    if opinion is None:
        raise NotFound("finding", f"{rule} of {ucr}")
    print(f"{opinion['rule']} of {ucr}: {opinion['severity']}, {opinion['state']}")
    for line in view["findings"]:
        if str(line["rule"]).partition("-")[0] == opinion["rule"]:
            by = names.get(line["by"], line["by"])
            print(f"  {by}: {line['rule']} {line['text'] or '(what it rests on is not shown to you)'}")
            for field in line.get("inputs") or ():
                print(f"      {field.get('field')} = {field.get('value')}  (record {field.get('record')})")
    for statement in opinion["signed"]:
        agrees = {
            True: "this gateway computes the same",
            False: "this gateway computes another",
            None: "not comparable",
        }
        kind = "can be run again" if statement["replayable"] else "a signed opinion"
        taken_back = "withdrawn, " if statement["withdrawn"] else ""
        by = names.get(statement["by"], statement["by"])
        print(f"  signed by {by} ({statement['record']}): {taken_back}{kind}; {agrees[statement['agrees']]}")
    for line in opinion["explanations"]:
        print(f"  answered by {names.get(line['by'], line['by'])}: {line['text']}")
    if (decided := opinion["disposition"]) is not None:
        print(f"  {decided['outcome']} by {names.get(decided['by'], decided['by'])}: {decided['reason']}")


@findings.command()
def dispose(
    directory: Directory,
    ucr: Ucr,
    rule: Rule,
    outcome: Annotated[Disposal, typer.Argument(help="confirmed, cleared or ignored", metavar="OUTCOME")],
    reason: Annotated[str, typer.Option("--reason", help="why; kept for good, so name no person")],
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """Close a rule's findings in a consignment, as customs or tax: signed, with the reason. Deletes nothing."""
    from chain.records import AuditDisposition, Disposition

    def record(rule_id: str, named: tuple[str, ...]) -> Record:
        return AuditDisposition(
            disposition=Disposition(rule=rule_id, findings=named, outcome=outcome.value, reason=reason)
        )

    _say(directory, ucr, rule, member, gateway_url, record)


@findings.command()
def explain(
    directory: Directory,
    ucr: Ucr,
    rule: Rule,
    text: Annotated[str, typer.Option("--text", help="what explains the difference")],
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """Answer a rule's findings about one's own consignment, as broker or trader."""
    from chain.records import Explanation, TradeExplanation

    def record(rule_id: str, named: tuple[str, ...]) -> Record:
        return TradeExplanation(explanation=Explanation(rule=rule_id, findings=named, text=text))

    _say(directory, ucr, rule, member, gateway_url, record)


@findings.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="proof bundle of the finding's consignment", metavar="BUNDLE")],
    record: Annotated[str, typer.Argument(help="the finding's record id", metavar="RECORD")],
    trust_root: Annotated[Path, typer.Option("--trust-root", help="what you believe beforehand", metavar="FILE")],
    lang: Annotated[str, typer.Option("--lang", help="zh or en")] = "en",
) -> None:
    """Run a finding again offline: whether it follows from what it says it looked at.

    Exit 0 where it follows, 1 where it does not or was replaced or withdrawn, 2 where nobody can tell: something is not
    shown, the version is not known, or the rule has no data form and the finding is its signer's opinion.
    """
    from chain.proof.bundle_reader import parse_bundle
    from chain.verify import verify as verify_bundle
    from chain.verify.finding_replay import FindingReplay
    from chain.verify.report import clean, finding_text
    from chain.verify.results import ReplayOutcome
    from scripts.commands.proof_commands import read_trust_root

    shown = parse_bundle(bundle.read_bytes())
    report = verify_bundle(replace(shown, subject_finding=None), read_trust_root(trust_root))
    print(f"the consignment's bundle: {report.verdict.name}")
    if report.verdict.is_refuted:
        raise typer.Exit(EXIT_COULD_NOT_TELL)
    finding = FindingReplay(shown, {standing.record_id: standing for standing in report.records}).run(record)
    print(clean(finding_text(finding, lang)))
    no = (ReplayOutcome.DOES_NOT_FOLLOW, ReplayOutcome.WITHDRAWN, ReplayOutcome.AMENDED)
    if finding.outcome is ReplayOutcome.FOLLOWS:
        raise typer.Exit(0)
    raise typer.Exit(1 if finding.outcome in no else EXIT_COULD_NOT_TELL)


@findings.command()
def corroboration(
    bundle: Annotated[Path, typer.Argument(help="proof bundle of a consignment", metavar="BUNDLE")],
    trust_root: Annotated[Path, typer.Option("--trust-root", help="what you believe beforehand", metavar="FILE")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Say offline which facts of a consignment rest on sources that agree, on one, or contradict each other.

    Exit 0 where nothing contradicts, 1 where something does, 2 where the bundle itself may not be relied on.
    """
    from chain.proof.bundle_reader import parse_bundle
    from chain.verify import verify as verify_bundle
    from chain.verify.corroboration import grade_facts
    from chain.verify.report import clean
    from scripts.commands.proof_commands import read_trust_root

    shown, root = parse_bundle(bundle.read_bytes()), read_trust_root(trust_root)
    report = verify_bundle(shown, root)
    if report.verdict.is_refuted:
        print(f"the bundle itself: {report.verdict.name}: nothing that it shows may be relied on")
        raise typer.Exit(EXIT_COULD_NOT_TELL)
    graded = grade_facts(shown, root, report)
    if as_json:
        lines = [
            {
                "fact": one.fact,
                "grade": one.grade.value,
                "sources": [{"by": each.issuer, "record": each.record, "value": each.value} for each in one.sources],
            }
            for one in graded
        ]
        print(json.dumps(lines, ensure_ascii=False, indent=2))
    else:
        for one in graded:
            words = "; ".join(f"{clean(each.value)} ({each.issuer})" for each in one.sources)
            print(f"{one.fact:<11}{one.grade.value:<11}{words}")
        print(f"the bundle itself: {report.verdict.name}")
    raise typer.Exit(int(any(one.grade.value == "contradict" for one in graded)))


def say_about_findings(
    folder: ConsortiumFolder, member: str, gateway: GatewayClient, ucr: str, rule: str, record: Any
) -> str:
    """Signs and submits what `record(rule, findings that stand)` makes; its record id. Raises NotFound where none
    stands, and what the gateway refuses."""
    from chain.claims import make_jti
    from chain.identifiers import Ucr as ConsignmentReference
    from chain.records import sign_record
    from scripts.ledger_connection import trust_root_of

    lines = _all_findings(gateway, {"ucr": ucr, "rule": rule.upper(), "state": "any"})
    named = tuple(name for line in lines for name in line["findings"])
    if not named:
        raise NotFound("finding that stands", f"{rule} of {ucr}")
    profile, now = folder.member(member), time.time()
    signed = sign_record(
        record(rule.upper(), named).for_ucrs([ConsignmentReference.parse(ucr)]),
        key=folder.signing_key(profile.slug),
        iss=profile.uscc,
        consortium=trust_root_of(folder).consortium.hex(),
        iat=int(now),
        jti=make_jti(folder.jti_secret(profile.slug), "about findings", ucr, rule, *named, str(now)),
    )
    gateway.submit(signed)
    return signed.record_id


def _say(directory: Any, ucr: str, rule: str, member: str, gateway_url: str, record: Any) -> None:
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        name = say_about_findings(folder, member, gateway, ucr, rule, record)
    print(f"record {name} was accepted; it counts once it is anchored")


def _all_findings(gateway: GatewayClient, asked: dict[str, str]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(PAGES_MAX):
        page = gateway.findings(**asked, **({"cursor": cursor} if cursor else {}))
        lines += page["findings"]
        cursor = page["next"] or ""
        if not cursor:
            break
    return lines


def duration_words(seconds: int) -> str:
    """How long, in the largest unit that fits."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
