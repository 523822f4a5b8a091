"""Structured logs: one JSON object a line on standard error, with the trace id where there is one.

Nothing logs a record, a section, a reference or a token: messages name record ids, key thumbprints, members and
numbers, and routes by their pattern. An exception is told by its type and place; its text may quote what was sent.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

FRAMES_MAX = 8
"""How many frames of a traceback a line holds, the innermost last."""
_NOISY = ("httpx", "httpcore", "alembic", "web3", "urllib3", "asyncio")


class JsonLines(logging.Formatter):
    """Formats a log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": record.name,
            "text": record.getMessage(),
        }
        trace_id = getattr(record, "trace_id", None)
        if trace_id:
            said["trace_id"] = trace_id
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
            said["error"] = type(error).__name__
            said["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(said, ensure_ascii=False)


def install_logs(level: int = logging.INFO) -> None:
    """Sends every log of this process to standard error as JSON lines."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[lines], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
