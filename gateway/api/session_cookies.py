"""Sessions at the door: a request that carries a session's cookie is asked on behalf of its operator.

The cookie counts only for requests of the console itself: SameSite=Strict keeps other sites from sending it, and beside
that a request must be addressed to the console's host, a browser that says where a request comes from must say "same
origin", and whatever changes something must name the console's origin. A request with an `Authorization` header is a
machine's: its cookie is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chain.errors import TongguanError
from gateway.access.tokens import TICKET_SCHEME
from gateway.api.middleware import answer_error
from gateway.api.session_rights import is_allowed
from gateway.people.providers import LOG_IN_S
from gateway.people.service import People
from gateway.people.sessions import OpenSession
from gateway.runtime.refusals import GatewayRefusal

API = "/v1/"
LOG_IN_ROUTES = ("/v1/log-in", "/v1/enrolment")
SAFE_METHODS = frozenset({"GET", "HEAD"})
COOKIE_BYTES_MAX = 8_192


@dataclass(frozen=True)
class SessionCookie:
    """The cookie of one console, named after its address: several gateways at one host do not take each other's."""

    console_url: str

    @property
    def is_secure(self) -> bool:
        """Whether the browser sends it over TLS alone; browsers take localhost without."""
        return urlsplit(self.console_url).scheme == "https"

    @property
    def name(self) -> str:
        """With the prefix that makes browsers hold it to this host, where it is secure."""
        return f"{'__Host-' if self.is_secure else ''}{self.short_name}"

    @property
    def short_name(self) -> str:
        """Of this console among those of one host."""
        return f"tongguan-{sha256(self.console_url.rstrip('/').encode()).hexdigest()[:8]}"

    def put(self, response: Response, secret: str) -> None:
        """Has the browser keep a session's secret until it is closed, out of reach of scripts."""
        response.headers.append("Set-Cookie", self.text(secret))

    def clear(self, response: Response) -> None:
        """Has the browser forget it."""
        response.headers.append("Set-Cookie", self.text("", "; Max-Age=0"))

    def text(self, secret: str, more: str = "") -> str:
        """The value of a `Set-Cookie` header (RFC 6265)."""
        secure = "; Secure" if self.is_secure else ""
        return f"{self.name}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}{more}"

    def find(self, header: str) -> str:
        """The secret in a `Cookie` header; empty where there is none."""
        if len(header) > COOKIE_BYTES_MAX:
            return ""
        try:
            morsel = SimpleCookie(header).get(self.name)
        except CookieError:
            return ""
        return "" if morsel is None else str(morsel.value)


@dataclass(frozen=True)
class ProviderCookie(SessionCookie):
    """What a browser keeps while its person is at an identity provider: sealed, and sent to the log-in's routes alone.

    Strict too: the page that the provider leads back to asks for itself.
    """

    @property
    def name(self) -> str:
        """Without the prefix of a session's, which asks for another path."""
        return f"{'__Secure-' if self.is_secure else ''}{self.short_name}-provider"

    def text(self, secret: str, more: str = "") -> str:
        """The value of a `Set-Cookie` header (RFC 6265)."""
        secure = "; Secure" if self.is_secure else ""
        life = more or f"; Max-Age={LOG_IN_S}"
        return f"{self.name}={secret}; Path=/v1/log-in/provider; HttpOnly; SameSite=Strict{secure}{life}"


class SessionCookies:
    """Turns a session's cookie into a ticket that the routes ask about, and carries changed secrets back."""

    def __init__(self, app: ASGIApp, people: People) -> None:
        self._app = app
        self._people = people
        self._cookie = SessionCookie(people.passkeys.console_url)
        self._origin = people.passkeys.origin
        self._host = urlsplit(people.passkeys.console_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_log_in = scope["path"].startswith(LOG_IN_ROUTES)
        secret = "" if is_log_in else self._cookie.find(headers.get("cookie", ""))
        try:
            if is_log_in:
                self._require_own_page(scope["method"], headers)
            if is_log_in or not secret or "authorization" in headers:
                await self._app(scope, receive, send)
                return
            self._require_own_page(scope["method"], headers)
            session = await run_in_threadpool(self._people.sessions.open, secret)
            if not is_allowed(scope["method"], scope["path"], session.operator.rights):
                raise GatewayRefusal(
                    "role", "your member has not given you the right to do this", fix="Ask your member's administrator"
                )
        except TongguanError as error:
            answer = await answer_error(Request(scope), error)
            if isinstance(error, GatewayRefusal) and error.kind.slug == "session-ended":
                self._cookie.clear(answer)
            await answer(scope, receive, send)
            return
        await self._answer(session, scope, receive, send)

    async def _answer(self, session: OpenSession, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_cookie(message: Message) -> None:
            if session.new_secret and message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # An answer that sets the cookie itself has ended the session.
                if "set-cookie" not in headers:
                    headers.append("Set-Cookie", self._cookie.text(session.new_secret))
            await send(message)

        with self._people.sessions.ticket(session) as ticket:
            header = (b"authorization", f"{TICKET_SCHEME} {ticket}".encode())
            await self._app({**scope, "headers": [*scope["headers"], header]}, receive, send_with_cookie)

    def _require_own_page(self, method: str, headers: Headers) -> None:
        """Raises GatewayRefusal (403) unless the request comes from the console's own pages."""
        site = headers.get("sec-fetch-site", "same-origin")
        origin = headers.get("origin", self._origin if method in SAFE_METHODS else "")
        if headers.get("host", "") != self._host or site != "same-origin" or origin != self._origin:
            raise GatewayRefusal(
                "cross-site", f"a session counts at {self._origin} alone", fix=f"Open {self._origin}/console"
            )
