"""The page that verifies in a browser, as one file: markup, style and the built TypeScript verifier inside it.

The file is the same from disk and from a gateway's `/verify`. Its policy allows three scripts and one style by their
SHA-256 and nothing else, no connection above all: whoever saved it can verify on a machine without network.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources

PARTS = {"style": "page.css", "verifier": "dist/verify.js", "rules": "dist/rules.js", "page": "dist/page.js"}
"""What stands in the page, by the place where the markup wants it, in the order in which it is put in."""


@cache
def format_page() -> str:
    """The page as HTML text, the same for everybody."""
    parts = {"policy": _policy()} | {name: _read(file) for name, file in PARTS.items()}
    # One pass: what is put in is never looked at again.
    return re.sub(r"\{(policy|style|verifier|rules|page)\}", lambda place: parts[place[1]], _read("page.html"))


@cache
def page_headers() -> dict[str, str]:
    """What a server says of the page: its policy, and that nobody frames it, which a file cannot say."""
    return {"Content-Security-Policy": f"{_policy()}; frame-ancestors 'none'"}


def _policy() -> str:
    """These scripts, this style, no connection."""
    style, *scripts = (_source(_read(file)) for file in PARTS.values())
    return (
        f"default-src 'none'; script-src {' '.join(scripts)}; style-src {style}; img-src data:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    return resources.files("chain.verify").joinpath("web", name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
