"""What the demonstration shows of erasure: a broker has parties of its own words erased, and the view says so."""

from __future__ import annotations

import time

from chain.errors import TongguanError
from gateway.client import GatewayClient
from scripts.commands.erasure_commands import signed_erasures
from scripts.consortium_folder import ConsortiumFolder

SECTIONS = ("parties",)
DONE_TIMEOUT_S = 30.0
DONE_PAUSE_S = 0.2


class NotErased(TongguanError):
    """What was to be erased is still shown."""


def erase_parties(folder: ConsortiumFolder, gateway: GatewayClient, slug: str, ucr: str) -> str:
    """Erases the parties of a member's own records of a consignment; what its view says of it, in a line.

    Raises NotErased where it is not done in time.
    """
    profile = folder.member(slug)
    plan = gateway.erasure_plan(ucr, SECTIONS)
    for signed in signed_erasures(folder, profile, plan, "the person asked for it"):
        gateway.submit(signed)
    until = time.monotonic() + DONE_TIMEOUT_S
    while gateway.erasure_plan(ucr, SECTIONS)["records"]:
        if time.monotonic() > until:
            raise NotErased(f"the parties of {ucr} are still there after {DONE_TIMEOUT_S:.0f} s")
        time.sleep(DONE_PAUSE_S)
    whys = [why for line in gateway.consignment(ucr)["withheld"] for why in line["why"] if why["cause"] == "erased"]
    own = [why["erasure"] for why in whys if why["section"] in SECTIONS]
    if not own:
        raise NotErased(f"the view of {ucr} does not say who had its parties erased")
    return f"{slug} had the parties of {len(own)} records erased, by the rule {own[0]['rule']!r}: {own[0]['reason']}"
