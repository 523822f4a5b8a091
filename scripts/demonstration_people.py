"""The people of the demonstration: who may log in to its console, each by a link that counts once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from gateway.client import GatewayClient

PEOPLE: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "customs": ("an officer", ("read", "dispose", "administer")),
    "broker": ("a declarant", ("read", "submit")),
    "trader": ("an importer", ("read", "administer")),
    "auditor": ("an auditor", ("read",)),
    "gateway": ("an operator", ("read", "operate", "administer")),
}
"""By member: a name and rights."""


def log_in_links(client_of: Callable[[str], GatewayClient]) -> Iterator[tuple[str, str]]:
    """What each person does, with its link; a member's own key invites."""
    for slug, (name, rights) in PEOPLE.items():
        with client_of(slug) as member:
            yield f"log in as {name}", member.invite_operator(name, rights)["link"]
