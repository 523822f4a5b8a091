"""What a view says of when things happened and what the waits were for, as OpenAPI describes it."""

from __future__ import annotations

from gateway.api.models.findings import Exact


class TimedStep(Exact):
    """When one thing happened, and the record that says it."""

    step: str
    """`arrival`, `discharge`, `lodging`, `acceptance`, `inspection`, `assessment`, `payment`, `release`, `gate_out`."""
    at: str
    """UTC."""
    record: str


class WaitLine(Exact):
    """The time between two neighbouring steps."""

    since: str
    until: str
    hours: str
    cause: str
    cause_zh: str
    notes: list[str]
    """What customs wrote beside the answer that ended the wait."""
