"""Which addresses members' webhooks may go to: public ones by https, and the hosts that the operator names.

A name is looked up for each post, and the very address that was checked is called. Addresses that carry or stand for
inner ones (NAT64, 6to4, IPv4 in IPv6, site-local) are inner ones, whatever the registries say of their prefix.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from chain.errors import Malformed

URL_CHARS_MAX = 512
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_TRANSLATED = tuple(map(ipaddress.ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""Within it: Teredo and other special uses, documentation, 6to4, whose addresses hold an IPv4 address."""
_IPV4_SPECIAL = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24")))
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?", re.IGNORECASE)
HOST_CHARS_MAX = 253


class MalformedWebhook(Malformed):
    """An address that this gateway does not call, or a cursor that is none."""


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody may call."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if found.is_multicast or not found.is_global:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in network for network in _IPV4_SPECIAL)
    return found in _GLOBAL_UNICAST and not any(found in network for network in _TRANSLATED)


def _resolve(host: str, port: int) -> Collection[str]:
    return {str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}


@dataclass(frozen=True)
class Addresses:
    """Which addresses may be called. Parsed once from the operator's setting."""

    allowed_hosts: frozenset[str]
    """`host` or `host:port` that may be called by http and on private addresses too."""
    resolve: Callable[[str, int], Collection[str]] = _resolve

    def check(self, url: str) -> None:
        """Raises MalformedWebhook for an address that is never called, whatever its name stands for."""
        if len(url) > URL_CHARS_MAX or not url.isascii() or not url.isprintable() or " " in url:
            raise MalformedWebhook("url", f"has at most {URL_CHARS_MAX} printable ASCII characters")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise MalformedWebhook("url", "is an absolute URL") from None
        if not host or parts.username is not None or parts.password is not None or parts.fragment:
            raise MalformedWebhook("url", "names a host, and no user, password or fragment")
        if not _is_host(host):
            raise MalformedWebhook("url", "names a host of labels of 1 to 63 letters, digits and hyphens", value=host)
        if parts.scheme not in ("https", "http"):
            raise MalformedWebhook("url", "is https")
        if parts.scheme != "https" and not self._is_allowed(host, port):
            raise MalformedWebhook("url", "is https, or a host that the operator allows by `webhook_hosts`")

    def target(self, url: str) -> tuple[str, str]:
        """The IP address to call and the host that it must prove to be; raises MalformedWebhook."""
        self.check(url)
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            addresses = sorted(self.resolve(host, parts.port or (443 if parts.scheme == "https" else 80)))
        except (OSError, UnicodeError) as error:
            raise MalformedWebhook("url", f"names a host that is found: {type(error).__name__}") from None
        if not self._is_allowed(host, parts.port):
            addresses = [address for address in addresses if is_public(address)]
        if not addresses:
            raise MalformedWebhook("url", "stands for a public address")
        return addresses[0], host

    def _is_allowed(self, host: str, port: int | None) -> bool:
        return host in self.allowed_hosts or f"{host}:{port}" in self.allowed_hosts


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return len(host) <= HOST_CHARS_MAX and _HOST.fullmatch(host) is not None
    return True
