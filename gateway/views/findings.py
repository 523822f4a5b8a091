"""Disagreements that a view shows: signed `audit.finding` records, and what this gateway sees while joining records.

The gateway's own are unsigned and computed from what the reader sees, so they tell nothing that is withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from chain.encoding import Json
from gateway.views.declarations import Thread, foreign_amendments
from gateway.views.facts import HeldRecord

GROSS_TOLERANCE: Final = Decimal("0.03")
"""Declared gross weight against the transport document's (domain section 8, check 13)."""


def findings(records: Sequence[HeldRecord], threads: Sequence[Thread]) -> list[Json]:
    """Signed findings first, then the gateway's own, each with the records that it rests on."""
    found: list[Json] = [
        {
            "by": one.signed.iss,
            "record": one.signed.record_id,
            "rule": one.one("finding").get("rule"),
            "severity": one.one("finding").get("severity"),
            "records": _inputs(one),
            "text": one.one("finding").get("explanation"),
        }
        for one in records
        if one.one("finding")
    ]
    found += [_forbidden(thread, place) for thread in threads for place in range(len(thread.folded.forbidden))]
    found += [_own("same-number-twice", "H", [a, b], _DOUBLED) for a, b in _doubled(records)]
    found += [_own("amended-by-another", "H", [a, b], _FOREIGN) for a, b in foreign_amendments(records)]
    found += _gross_weights(records, threads)
    return found


_DOUBLED: Final = "Two records of one issuer bear the same number (jti); the first in the chain's order counts."
_FOREIGN: Final = "A record says that it replaces another issuer's record; only the issuer may, so nothing is replaced."


def _own(rule: str, severity: str, records: Sequence[HeldRecord], text: str) -> Json:
    return {
        "by": "gateway",
        "record": None,
        "rule": rule,
        "severity": severity,
        "records": [one.signed.record_id for one in records],
        "text": text,
    }


def _forbidden(thread: Thread, place: int) -> Json:
    step = thread.folded.forbidden[place]
    text = f"Customs said {step.wanted} while the declaration was {step.state}: that step is not allowed, so it stays."
    return _own("forbidden-step", "H", [step.since.record, step.said.record], text)


def _doubled(records: Sequence[HeldRecord]) -> list[tuple[HeldRecord, HeldRecord]]:
    first: dict[tuple[str, str], HeldRecord] = {}
    found = []
    for one in records:
        earlier = first.setdefault((one.signed.iss, one.signed.jti), one)
        if earlier is not one:
            found.append((earlier, one))
    return found


def _inputs(record: HeldRecord) -> list[Json]:
    inputs = record.one("finding").get("inputs")
    return [one.get("record") for one in inputs if isinstance(one, dict)] if isinstance(inputs, list) else []


def _gross_weights(records: Sequence[HeldRecord], threads: Sequence[Thread]) -> list[Json]:
    """Declared gross weight against each transport document's that is beyond the tolerance."""
    found: list[Json] = []
    documents = [one for one in records if one.signed.vct == "logistics.transport_document" and one.is_sole]
    for thread in threads:
        declared = _gross_kg(thread.current)
        for one in documents:
            stated = _gross_kg(one)
            if declared is None or stated is None or len(documents) > 1 or len(threads) > 1:
                continue
            if abs(declared - stated) > GROSS_TOLERANCE * max(declared, stated):
                text = f"Declared gross weight {declared} kg, transport document {stated} kg: more than 3 % apart."
                found.append(_own("gross-weight-document", "M", [thread.current, one], text))
    return found


def _gross_kg(record: HeldRecord) -> Decimal | None:
    gross = record.one("transport").get("gross")
    if not isinstance(gross, dict) or gross.get("unit", "KGM") != "KGM":
        return None
    return Decimal(str(gross["value"]))
