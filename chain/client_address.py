"""By what clients are counted where nothing but their address is known of them."""

from __future__ import annotations

import ipaddress
from typing import Final

NETWORK_BITS: Final = 64
"""Whoever has one IPv6 address has a network of so many bits of them (RFC 6177): what these have in common counts."""


def network_of(address: str) -> str:
    """An IPv4 address whole, of an IPv6 one its network; anything else (a Unix socket's peer) as it is."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if (mapped := parsed.ipv4_mapped) is not None:
        return str(mapped)
    return str(ipaddress.ip_network((int(parsed), NETWORK_BITS), strict=False))
