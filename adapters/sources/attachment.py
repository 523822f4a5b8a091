"""A file that a message names and that lies beside it: its SHA-256, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ATTACHMENT_BYTES_MAX: Final = 20 * 1024 * 1024
"""The longest attached file that is hashed."""
ATTACHED_BYTES_MAX: Final = 200 * 1024 * 1024
"""Most bytes that are hashed for one message."""
ATTACHMENTS_MAX: Final = 200
"""Most files that are looked for for one message."""
ATTACHMENT_SUFFIXES: Final = (".pdf",)
"""Files that are attached to messages and are never messages themselves, lower case."""


@dataclass(frozen=True)
class Attachment:
    """What a source has under the name of an attached file."""

    sha256: str = ""
    """64 lowercase hex digits; empty where the file was not hashed."""
    reason: str = ""
    """Why it was not hashed; empty where it was."""
    size: int = 0
    """How many bytes were read."""
