"""A second gateway on one settings file is refused by its name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.runtime.settings_lock import hold_settings


def test_the_second_gateway_on_a_settings_file_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text("{}")
    held = hold_settings(file)
    code = "import sys; from pathlib import Path; from gateway.runtime.settings_lock import hold_settings\n"
    code += f"hold_settings(Path({str(file)!r}))"
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode != 0
    assert f"another gateway runs with the settings file {file}" in second.stderr
    os.close(held)
    os.close(hold_settings(file))
    with pytest.raises(OSError):
        hold_settings(tmp_path / "none.json")
