"""What a view says of disagreements and agreements between sources, as OpenAPI describes it."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from gateway.api.models.ingest import Answer


class Exact(Answer):
    """Base of what is described here: nothing else stands in an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FindingLine(Answer):
    """A disagreement between sources: a governor's signed one, or the gateway's own."""

    by: str
    """USCC of who signed it, or `gateway`."""
    record: str | None
    rule: str | None
    severity: str | None
    records: list[str | None]
    text: str | None
    text_zh: str | None = None


class AgreementLine(Exact):
    """A rule whose sources agree."""

    rule: str
    text: str
    text_zh: str
    records: list[str]
    """The records that agree; one where a record agrees with itself."""


class NotRunLine(Exact):
    """A rule that could not be run, and why."""

    rule: str
    missing: Literal["fact", "right", "table", "allocation", "time"]
    """What is missing: a fact, the reader's right to it, a table, how sums are shared out, or time to pass."""
    text: str
    text_zh: str | None
    in_part: bool
    """True where the rule gave an answer on a part of the consignment."""


class Checks(Exact):
    """Rules of this gateway that agree or were not run; those that disagree stand under `findings`."""

    version: str
    """Version of the rule pack."""
    tables: dict[str, str]
    """Kind of each reference table at hand to the root over its rows (RFC 9162, 64 hex digits)."""
    agree: list[AgreementLine]
    not_run: list[NotRunLine]
