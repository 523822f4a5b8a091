"""Zip archives that are the same bytes whoever makes them: sorted names, one date, one mode, one compression."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_DATE = (1980, 1, 1, 0, 0, 0)
"""The first that a zip file can say."""
_FILE_MODE = 0o644 << 16
_LEVEL = 9


def make_zip(files: Mapping[str, bytes], *, is_stored: bool = False) -> bytes:
    """The archive of these files by name, stored as they are or compressed."""
    content = io.BytesIO()
    kind = zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(content, "w", kind, compresslevel=None if is_stored else _LEVEL) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = kind
            info.external_attr = _FILE_MODE
            info.create_system = 3
            archive.writestr(info, files[name])
    return content.getvalue()
