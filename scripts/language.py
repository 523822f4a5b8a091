"""Which language the command speaks to people: `--lang`, else `TONGGUAN_LANG`, else the login's locale."""

from __future__ import annotations

import os
from collections.abc import Mapping

ENGLISH, CHINESE = "en", "zh"
LANGUAGES = (ENGLISH, CHINESE)
VARIABLES = ("TONGGUAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""The first one that is set decides, as POSIX orders them; ours stands before them."""


def choose_language(environment: Mapping[str, str] | None = None) -> str:
    """`zh` where the first variable that is set begins with it (`zh_CN.UTF-8`), else `en`."""
    variables = os.environ if environment is None else environment
    locale = next((variables[name] for name in VARIABLES if variables.get(name)), "")
    return CHINESE if locale.lower().startswith(CHINESE) else ENGLISH


def is_chinese() -> bool:
    """Whether people are spoken to in Chinese."""
    return choose_language() == CHINESE
