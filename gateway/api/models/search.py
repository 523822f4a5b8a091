"""What looking for consignments answers, as OpenAPI describes it: by a number, by a search, and how many there are."""

from __future__ import annotations

from gateway.api.models.consignments import Logged, Strict


class ReferencesAnswer(Logged):
    """Which consignments a number belongs to."""

    kind: str
    scope: str
    value: str
    on: str
    ucrs: list[str]
    ambiguous: bool
    """More than one: name `scope` or `on`."""


class Hit(Strict):
    """A consignment that answers a search."""

    ucr: str
    declarations: list[str]
    state: str | None
    goods: list[str]
    records: int
    own_records_only: bool


class SearchAnswer(Logged):
    """One page of hits; `next` is the `cursor` of the following one."""

    hits: list[Hit]
    next: str | None


class CountAnswer(Logged):
    """How many consignments answer a search."""

    count: int
    is_exact: bool
    """False: at least so many."""
