"""What an offered record names must be held here: the record that it amends, the findings that it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from chain.lifecycle import RecordState
from gateway.ingest.validation import SPEAKS_OF_FINDINGS
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.named_records import find_named, is_spoken_of
from gateway.store.records import NewRecord
from gateway.store.store import Transaction

NAMED_RETRY_S: Final = 2.0


def check_amends(connection: Transaction, new: NewRecord, amends: str) -> None:
    """That a record may replace the one it names; raises GatewayRefusal."""
    named, field = find_named(connection, amends), "withdraws" if new.withdraws else "amends"
    if named is None:
        raise GatewayRefusal(
            "amends-unknown", f"record {amends} is not known here yet", field=field, retry_after_s=NAMED_RETRY_S
        )
    amended, ucrs = named
    if (amended.iss, amended.vct) != (new.iss, new.vct) or amended.state is RecordState.REFUSED:
        raise GatewayRefusal(
            "amends-mismatch", f"record {amends} is of another issuer or type, or was refused", field=field
        )
    if missing := sorted(ucrs - {ucr for ucr, _, _ in new.entries}):
        raise GatewayRefusal(
            "amends-mismatch",
            f"record {amends} speaks of {len(ucrs)} consignments, {len(missing)} of which are not named here",
            field="ucr",
            fix=f"Name every UCR of that record; the first one missing is {missing[0]}",
        )


def check_findings(connection: Transaction, new: NewRecord, prefixes: Callable[[str], Sequence[bytes]]) -> None:
    """That something was said of the consignment, and the findings named are of it; raises GatewayRefusal."""
    if new.vct not in SPEAKS_OF_FINDINGS:
        return
    ((ucr, _, _),) = new.entries
    if not is_spoken_of(connection, prefixes(ucr)):
        raise GatewayRefusal(
            "consignment-unknown",
            f"no record of {ucr} is held here",
            field="ucr",
            retry_after_s=NAMED_RETRY_S,
        )
    for name in new.about:
        known = find_named(connection, name)
        if known is None or known[0].vct != "audit.finding" or ucr not in known[1]:
            raise GatewayRefusal(
                "finding-unknown",
                f"record {name} is no finding about {ucr} that is held here",
                field="findings",
                retry_after_s=NAMED_RETRY_S,
            )
