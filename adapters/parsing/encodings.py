"""Texts that do not say their encoding: UTF-8, else GB18030, which older systems and spreadsheets in China write."""

from __future__ import annotations

from adapters.message import MESSAGE_BYTES_MAX
from adapters.parsing.xml import FORMAT_CODE
from chain.errors import MalformedMessage


def decode_text(message: bytes) -> str:
    """The text of the message: UTF-8 with or without its mark, else GB18030; raises `MalformedMessage`."""
    if len(message) > MESSAGE_BYTES_MAX:
        raise MalformedMessage(
            "message", f"at most {MESSAGE_BYTES_MAX} bytes", value=f"{len(message)} bytes", code=FORMAT_CODE
        )
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return message.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise MalformedMessage(
        "message", "is in UTF-8 or GB18030", value=f"{len(message)} other bytes", fix="Save it again", code=FORMAT_CODE
    )
