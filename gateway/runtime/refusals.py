"""The kinds of problems that a gateway answers with, and the refusal that names its kind.

Every room raises `GatewayRefusal`; `gateway.api.problems` writes it as an RFC 9457 document. The texts of all kinds, in
English and Chinese, stand in `problem-kinds.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from chain.errors import Refused


@dataclass(frozen=True)
class ProblemKind:
    """One kind of problem: its slug, HTTP status, gateway code, and what it means in both languages."""

    slug: str
    status: int
    code: str
    title: str
    title_zh: str
    meaning: str
    meaning_zh: str


KINDS_FILE = Path(__file__).with_name("problem-kinds.json")
KINDS: dict[str, ProblemKind] = {said["slug"]: ProblemKind(**said) for said in json.loads(KINDS_FILE.read_bytes())}
"""Every kind of problem by slug."""


class GatewayRefusal(Refused):
    """A refusal with its kind of problem. `retry_after_s` is sent as `Retry-After` where it is set."""

    def __init__(
        self, slug: str, reason: str, *, field: str = "", fix: str = "", retry_after_s: float | None = None
    ) -> None:
        self.kind = KINDS[slug]
        self.retry_after_s = retry_after_s
        super().__init__(reason, field=field, fix=fix, code=self.kind.code)
