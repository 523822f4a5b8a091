"""The base of every answer to a read: a typed value that is written as JSON in the order of its fields.

Structs, not models: a view holds hundreds of parts, and to validate what the gateway made itself costs more than to
make it. That real answers have these shapes is held by tests against `/openapi.json`, which is derived from them.
"""

from __future__ import annotations

from typing import Any

import msgspec

Section = dict[str, Any]
"""One element of a record's section, as its issuer said it and as far as it is disclosed."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A part of an answer. A field that is `UNSET` is left out."""


def write_answer(answer: object) -> bytes:
    """The answer as JSON in UTF-8."""
    return _encode(answer)


def _plain_text(value: object) -> str:
    # Identifiers are text with a type of their own, which the encoder does not know.
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


_encode = msgspec.json.Encoder(enc_hook=_plain_text).encode
