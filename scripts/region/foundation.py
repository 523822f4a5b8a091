"""Founding the region by the ceremony, every part typed by this program: cards, plan, approvals, contracts, checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chain.verify.trust_root import TrustRoot, spoken_fingerprint
from scripts.bootstrap import example_uscc
from scripts.consortium_folder import ConsortiumFolder, MemberProfile, write_open
from scripts.foundation.card import card_fingerprint
from scripts.foundation.ceremony import Draft, draft_plan, run_plan
from scripts.foundation.check import compute_trust_root, connect_to_plan, examine, require_as_planned
from scripts.foundation.embedded_chain import genesis_time, make_embedded_chain, open_embedded_chain
from scripts.foundation.organisation import CardDetails, keep_founding, make_card, make_member, own_accounts
from scripts.foundation.plan import PlanFolder
from scripts.foundation.registration import register_own

ORGANISATIONS: Final = ("beijing", "tianjin", "hebei")


@dataclass(frozen=True)
class RegionMember:
    """A member with the organisation in whose folder its keys lie."""

    organisation: str
    profile: MemberProfile


def _customs(slug: str, name: str, division: str, code: str, sponsors: tuple[str, ...]) -> MemberProfile:
    # Who sponsors members has the roles that it gives them.
    roles = ("CUSTOMS", "TAX", "REGULATOR", "GATEWAY", *sponsors)
    return MemberProfile(example_uscc(division, 7400), name, slug, "governor", roles, code)


def _company(slug: str, name: str, division: str, number: int, roles: tuple[str, ...]) -> MemberProfile:
    return MemberProfile(example_uscc(division, number), name, slug, "participant", roles, "")


MEMBERS: Final = (
    RegionMember("beijing", _customs("beijing", "北京示范海关", "110000", "0100900001", ("TRADER", "BROKER"))),
    RegionMember("beijing", _company("importer", "北京示范进口公司", "110000", 7411, ("TRADER",))),
    RegionMember("beijing", _company("broker", "北京示范报关行", "110000", 7412, ("BROKER",))),
    RegionMember("tianjin", _customs("tianjin", "天津示范海关", "120000", "0200900002", ("TERMINAL", "CARRIER"))),
    RegionMember("tianjin", _company("terminal", "新港示范码头", "120000", 7421, ("TERMINAL", "CARRIER"))),
    RegionMember("hebei", _customs("hebei", "河北示范海关", "130000", "0400900003", ("TRADER", "BROKER"))),
    RegionMember("hebei", _company("mill", "河北示范钢厂", "130000", 7431, ("TRADER", "BROKER"))),
)
OFFICES: Final = (("0101", "beijing"), ("0202", "tianjin"), ("0401", "hebei"))
"""Customs offices: 首都机场/北京, 新港 Xingang, 石家庄 Shijiazhuang, each with the member that speaks for it."""


@dataclass(frozen=True)
class FoundedRegion:
    """The region as its founding left it."""

    path: Path
    trust_root: TrustRoot
    ports: Mapping[str, int]
    """Port of each organisation's gateway, as its card says it."""

    def folder(self, organisation: str) -> ConsortiumFolder:
        """The organisation's own folder."""
        return ConsortiumFolder(self.path / organisation)

    def gateway_url(self, organisation: str) -> str:
        """Where the organisation's gateway is reached."""
        return f"http://127.0.0.1:{self.ports[organisation]}"


def member_of(slug: str) -> RegionMember:
    """The region's member of that slug; raises KeyError."""
    return {member.profile.slug: member for member in MEMBERS}[slug]


def found_region(path: Path, ports: Mapping[str, int], say: Callable[[str], None]) -> FoundedRegion:
    """Founds the region under `path`, each organisation in a folder of its own, on a new embedded chain."""
    folders = {organisation: ConsortiumFolder(path / organisation) for organisation in ORGANISATIONS}
    cards = _make_cards(folders, ports, say)
    node = ConsortiumFolder(path / "node")
    node.path.mkdir(parents=True, exist_ok=True)
    make_embedded_chain(node)
    plan_folder = PlanFolder(path / "plan")
    began = genesis_time(node)
    with open_embedded_chain(node, clock=lambda: began) as endpoint:
        sponsors = {m.profile.slug: m.organisation for m in MEMBERS if m.profile.kind != "governor"}
        codes = tuple(("customs-office", office, slug) for office, slug in OFFICES)
        plan = draft_plan(plan_folder, cards, endpoint, Draft(sponsors=sponsors, codes=codes))
        for organisation, folder in folders.items():
            plan_folder.approve(plan, organisation, folder.signing_key(organisation))
            say(f"{organisation} compared the cards' fingerprints and approved the plan")
        founded = run_plan(plan_folder, plan, endpoint, node.make_account("", "deployer"), say)
        ledger = connect_to_plan(endpoint, plan, founded)
        # The node takes transactions of the registry's accounts once it knows the registry.
        write_open(node.trust_root, compute_trust_root(ledger, plan).format())
        accounts = {uscc: own for folder in folders.values() for uscc, own in own_accounts(folder).items()}
        register_own(ledger, plan, accounts)
        roots: dict[str, TrustRoot] = {}
        for organisation, folder in folders.items():
            examination = examine(ledger, plan)
            require_as_planned(examination)
            keep_founding(folder, plan_folder, plan, examination.trust_root, "")
            roots[organisation] = examination.trust_root
            say(f"{organisation} computed the trust root: {examination.trust_root.short_fingerprint}")
    return FoundedRegion(path, roots[ORGANISATIONS[0]], ports)


def _make_cards(
    folders: Mapping[str, ConsortiumFolder], ports: Mapping[str, int], say: Callable[[str], None]
) -> list[str]:
    cards = []
    for member in MEMBERS:
        folder, profile = folders[member.organisation], member.profile
        governs = profile.kind == "governor"
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.make_passphrase()
        make_member(folder, profile, runs_gateway=governs)
        holder = member_of(member.organisation).profile.uscc
        url = f"http://127.0.0.1:{ports[member.organisation]}" if governs else None
        card = make_card(folder, profile.slug, CardDetails(holder="" if governs else holder, gateway_url=url))
        cards.append(card)
        say(f"card of {profile.name} ({profile.slug}): {spoken_fingerprint(card_fingerprint(card))}")
    return cards
