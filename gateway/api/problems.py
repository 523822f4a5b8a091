"""Every error that the gateway answers with, as an RFC 9457 problem document with the Chinese gateway code.

A problem's `type` is `/problems/{slug}` on this gateway, a page that explains it in English and Chinese. Beside the
standard members it carries `code` (GACC's table 7-1, or ours from 4000 on), `title_zh`, `detail_zh`, `pointer` (the
field), `rule`, `fix` (both with `_zh`) and `trace_id` (what an operator searches the logs for).

Errors are the noun classes of `chain/errors.py`; this file alone knows which HTTP status each one is.
"""

from __future__ import annotations

from typing import Any

from chain.error_words import speak_error, translate
from chain.errors import LedgerFault, Malformed, NotFound, Refused, StoreFault, TongguanError
from gateway.access.policy import UnagreedPolicy
from gateway.runtime.refusals import KINDS, GatewayRefusal, ProblemKind


def kind_of(error: TongguanError) -> ProblemKind:
    """The kind of problem that an error is."""
    if isinstance(error, GatewayRefusal):
        return error.kind
    by_family = (
        (Malformed, "malformed-record" if type(error).__name__ == "MalformedRecord" else "malformed"),
        (NotFound, "not-found"),
        (Refused, "role"),
        (LedgerFault, "ledger"),
        (StoreFault, "store"),
        (UnagreedPolicy, "policy"),
    )
    return KINDS[next((slug for family, slug in by_family if isinstance(error, family)), "internal")]


def problem(error: TongguanError, trace_id: str) -> dict[str, Any]:
    """The problem document of an error."""
    kind = kind_of(error)
    # The text of our own faults names files and endpoints; it goes to the log, not to strangers.
    is_ours = kind.status >= 500 and not isinstance(error, GatewayRefusal)
    document: dict[str, Any] = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "title_zh": kind.title_zh,
        "status": kind.status,
        "detail": kind.meaning if is_ours else str(error),
        "detail_zh": kind.meaning_zh if is_ours else speak_error(error),
        "code": getattr(error, "code", kind.code),
        "trace_id": trace_id,
    }
    field, rule, fix = (getattr(error, name, "") for name in ("field", "rule", "fix"))
    if field:
        document["pointer"] = "/" + str(field).replace(".", "/")
    if rule:
        document["rule"] = rule
        document["rule_zh"] = translate(rule) or rule
    if fix:
        document["fix"] = fix
        document["fix_zh"] = translate(fix) or fix
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        # In the body too: a line of an upload has no headers of its own.
        document["retry_after_s"] = max(1, round(retry_after_s))
    return document
