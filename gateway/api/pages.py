"""The pages written on the server, from the templates beside this file: every value is escaped as HTML."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

TEMPLATES = Path(__file__).with_name("templates")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )


def render_page(template: str, /, **values: object) -> str:
    """A page (HTML): `template` names a file in `templates/`, `values` what it speaks of."""
    return _environment().get_template(template).render(values)
