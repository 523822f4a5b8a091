"""The page that verifies in a browser, as one file: markup, style and the built TypeScript verifier inside it.

The file is the same from disk and from a gateway's `/verify`. Its policy allows the one script and the one style by
their SHA-256 and nothing else, no connection above all: whoever saved it can verify on a machine without network.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

BUILT_FILE = "dist/verify.js"


@cache
def format_page() -> str:
    """The page as HTML text, the same for everybody."""
    parts = {"policy": _policy(), "style": _read("page.css"), "script": _read(BUILT_FILE)}
    markup = _read("page.html")
    # One after the other and the script last: what is put in is never looked at again.
    for name, value in parts.items():
        markup = markup.replace("{" + name + "}", value, 1)
    return markup


@cache
def page_headers() -> dict[str, str]:
    """What a server says of the page: its policy, and that nobody frames it, which a file cannot say."""
    return {"Content-Security-Policy": f"{_policy()}; frame-ancestors 'none'"}


def _policy() -> str:
    """This script, this style, no connection."""
    script, style = (_source(_read(name)) for name in (BUILT_FILE, "page.css"))
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; img-src data:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    return resources.files("chain.verify").joinpath("web", name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
