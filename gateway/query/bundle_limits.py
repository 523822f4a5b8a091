"""No bundle leaves that its readers would refuse: a member of the set may say so much that none fits any more."""

from __future__ import annotations

from chain.proof.bundle import BUNDLE_BYTES_MAX, LANE_LEAVES_MAX, LANES_MAX, RECORDS_MAX, Bundle
from chain.proof.shown_lanes import OpenLane
from gateway.runtime.refusals import GatewayRefusal


def write_bundle(bundle: Bundle) -> bytes:
    """The bundle's bytes; raises GatewayRefusal where it has more than the format allows, naming what and how much."""
    lanes = bundle.lane_by_tag.values()
    leaves = max((len(lane.leaves) for lane in lanes if isinstance(lane, OpenLane)), default=0)
    counts = (
        ("records", len(bundle.records), RECORDS_MAX),
        ("lanes", len(lanes), LANES_MAX),
        ("entries in one lane", leaves, LANE_LEAVES_MAX),
    )
    for what, count, most in counts:
        if count > most:
            raise _too_large(what, count, most)
    content = bundle.format()
    if len(content) > BUNDLE_BYTES_MAX:
        raise _too_large("bytes", len(content), BUNDLE_BYTES_MAX)
    return content


def _too_large(what: str, count: int, most: int) -> GatewayRefusal:
    return GatewayRefusal(
        "bundle-too-large",
        f"the bundle would have {count:,} {what}; readers take at most {most:,}",
        fix="Ask for its records' bundles one by one; governors may agree on a lower lane-records-max",
    )
