"""A governor's risk desk: looks at consignments that changed, and says what the rules find, once.

One statement a rule and consignment: said when the rule finds something, amended when that changes, withdrawn when it
no longer follows. Crash order: the statement is signed and kept in the journal, sent, and forgotten when the gateway
answered; a crash in between sends the same bytes again, and its number (`jti`) is made of what it says and of what it
amends, so that a desk that lost its journal cannot say it twice. Audit records are no change: two desks do not answer
each other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import httpx

from adapters.risk_desk.journal import DeskJournal, LastStatement
from adapters.risk_desk.seen_consignment import SeenConsignment
from adapters.risk_desk.statements import (
    AgreedPack,
    content_digest,
    find_statement,
    parse_statement,
    withdrawal,
)
from adapters.runner.submission import Outcome, RecordSink, submit_many
from chain.claims import make_jti
from chain.errors import Malformed, NotFound, Refused, TongguanError
from chain.keys import SigningKey
from chain.records import AuditFinding, sign_record
from chain.rules.answers import Severity
from chain.rules.consignment import join_records
from chain.rules.opinions import Opinion, opinions_of
from chain.rules.pack import Case, evaluate, pack_digest
from chain.rules.replayable import replay
from chain.rules.signed_records import is_judged, read_signed
from chain.rules.table_rows import AskedDays, ShownRow, show_days
from chain.rules.tables import Tables
from chain.sdjwt import SignedRecord

LOG = logging.getLogger("tongguan.risk_desk")
SENT_AT_ONCE: Final = 200
_SEVERITIES: Final[Mapping[str, Severity]] = {"H": "H", "M": "M", "I": "I"}


class UnagreedPack(TongguanError):
    """The desk's rules or tables are not those that the members agreed on: it says nothing by them."""

    def __init__(self, own: bytes, agreed: bytes | None) -> None:
        self.own, self.agreed = own, agreed
        known = "there is none" if agreed is None else f"it is {agreed.hex()}"
        super().__init__(
            f"this desk's rule pack has hash {own.hex()}, but on the chain {known}. Run it with the agreed rules and "
            "tables, or have the governors agree on this pack (tongguan rule-pack, then tongguan proposal propose "
            "policy rule-pack FILE). 本风险台的规则包与链上约定不符，已停止。"
        )


class DeskGateway(RecordSink, Protocol):
    """What a desk needs of `gateway.client.GatewayClient`."""

    def lanes(self, ucr: str) -> dict[str, Any]:
        """All lanes of one consignment with the anchored records as the desk sees them."""


@dataclass(frozen=True)
class DeskProgress:
    """What one round did."""

    looked: int = 0
    """Consignments."""
    said: int = 0
    """Statements that the gateway took."""
    refused: int = 0
    fault: str = ""
    """Why the gateway could not be used; nothing was lost."""
    others: tuple[str, ...] = ()
    """Consignments that bear a number of one that was looked at, where the second use is told too."""


class RiskDesk:
    """One governor's desk. For one thread."""

    def __init__(
        self,
        member: str,
        key: SigningKey,
        consortium: str,
        *,
        jti_secret: bytes,
        gateway: DeskGateway,
        journal: DeskJournal,
        tables: Tables,
        agreed_pack: Callable[[], bytes | None],
        clock: Callable[[], float],
    ) -> None:
        """`member` is its USCC, `consortium` 64 hex digits; `agreed_pack` reads the hash in force from the chain."""
        self.member = member
        self.journal = journal
        self._key = key
        self._consortium = consortium
        self._jti_secret = jti_secret
        self._gateway = gateway
        self._tables = tables
        self._agreed_pack = agreed_pack
        self._clock = clock
        self._pack = AgreedPack(pack_digest(tables.roots), tables.roots)

    @property
    def pack_hash(self) -> str:
        """Hash of the desk's own rule pack, 64 hex digits."""
        return self._pack.digest.hex()

    def require_agreed_pack(self) -> None:
        """Raises UnagreedPack unless the members agreed on the desk's rules and tables; LedgerFault."""
        agreed = self._agreed_pack()
        if agreed != self._pack.digest:
            raise UnagreedPack(self._pack.digest, agreed)

    def look(self, ucrs: Iterable[str]) -> DeskProgress:
        """Evaluates these consignments and says what changed. Raises StoreFault alone; stops at a gateway's fault."""
        progress = self.send()
        for ucr in dict.fromkeys(ucrs):
            if progress.fault:
                break
            progress = self._look_at(ucr, progress)
        return progress

    def send(self) -> DeskProgress:
        """Sends what an earlier run signed and did not see answered."""
        return self._send(None, DeskProgress())

    def _look_at(self, ucr: str, progress: DeskProgress) -> DeskProgress:
        try:
            seen = SeenConsignment.parse(self._gateway.lanes(ucr))
        except NotFound:
            return replace(progress, looked=progress.looked + 1)
        except (Refused, Malformed) as error:
            LOG.warning("%s cannot look at %s: %s", self.member, ucr, error)
            return replace(progress, looked=progress.looked + 1, refused=progress.refused + 1)
        except (TongguanError, httpx.HTTPError) as error:
            return replace(progress, fault=str(error) or type(error).__name__)
        self.journal.keep(ucr, [self._sign(seen, statement, amends) for statement, amends in self.statements(seen)])
        others = tuple(dict.fromkeys((*progress.others, *seen.others)))
        return self._send(ucr, replace(progress, looked=progress.looked + 1, others=others))

    def statements(self, seen: SeenConsignment) -> list[tuple[AuditFinding, LastStatement | None]]:
        """What is to be said now, each with the statement that it amends."""
        case = Case(
            join_records([read_signed(one) for one in seen.records if is_judged(one.vct)], self._tables.offices),
            self._tables,
            elsewhere=seen.elsewhere,
        )
        opinions = opinions_of(evaluate(case).findings)
        last = self._adopt(seen) | self.journal.last_statements(seen.ucr)
        due = []
        for opinion in opinions:
            statement = find_statement(opinion, seen.snapshot, self._pack, self._rows(opinion, case))
            before = last.get(opinion.rule)
            if before is None or before.digest != content_digest(statement):
                due.append((statement, before))
        rules = {opinion.rule for opinion in opinions}
        for rule, before in sorted(last.items()):
            if rule not in rules and before.state == "standing":
                severity = _SEVERITIES.get(before.severity, "I")
                due.append((withdrawal(rule, severity, seen.snapshot, self._pack), before))
        return due

    def _adopt(self, seen: SeenConsignment) -> dict[str, LastStatement]:
        """The desk's own newest statements as the ledger shows them: what a journal that was lost does not know."""
        newest: dict[str, LastStatement] = {}
        for signed in seen.records:
            if signed.iss != self.member or (statement := parse_statement(signed)) is None:
                continue
            finding = statement.finding
            newest[finding.rule] = LastStatement(
                finding.rule, signed.record_id, content_digest(statement), finding.state, finding.severity
            )
        return newest

    def _rows(self, opinion: Opinion, case: Case) -> tuple[ShownRow, ...]:
        """The table rows that the rule asked for, where anyone can run it again."""
        days = self._tables.working_days
        if not opinion.replayable or days is None:
            return ()
        asked = AskedDays(days.table)
        for _ in replay(opinion.rule, replace(case, tables=replace(self._tables, working_days=asked))):
            pass
        return show_days(days.table, asked.asked)

    def _sign(
        self, seen: SeenConsignment, statement: AuditFinding, before: LastStatement | None
    ) -> tuple[LastStatement, str]:
        finding, digest = statement.finding, content_digest(statement)
        amends = before.record_id if before is not None else ""
        signed = sign_record(
            statement.model_copy(update={"ucr": (seen.ucr,)}),
            key=self._key,
            iss=self.member,
            consortium=self._consortium,
            iat=int(self._clock()),
            jti=make_jti(self._jti_secret, AuditFinding.TYPE, seen.ucr, finding.rule, amends, digest),
            amends=amends or None,
        )
        last = LastStatement(finding.rule, signed.record_id, digest, finding.state, finding.severity)
        return last, signed.serialize()

    def _send(self, ucr: str | None, progress: DeskProgress) -> DeskProgress:
        while waiting := self.journal.outbox(ucr, SENT_AT_ONCE):
            records = [SignedRecord.parse(one.record) for one in waiting]
            for sent, answer in zip(waiting, submit_many(self._gateway, records), strict=False):
                if answer.outcome in (Outcome.LATER, Outcome.WAIT):
                    return replace(progress, fault=answer.reason or "the gateway cannot take statements now")
                is_refused = answer.outcome is Outcome.REFUSED
                if is_refused:
                    LOG.warning("%s: its finding %s is refused: %s", self.member, sent.rule, answer.reason)
                self.journal.settle(sent, refused=is_refused)
                progress = replace(
                    progress, said=progress.said + (not is_refused), refused=progress.refused + is_refused
                )
        return progress
