"""Parameters that several routes take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query

QUERY_CHARS_MAX = 256

Authorization = Annotated[str | None, Header()]
Text = Annotated[str, Query(max_length=QUERY_CHARS_MAX)]
