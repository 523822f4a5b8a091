"""The routes by which people log in and out: passkeys, one-time links, one's own sessions.

What a stranger may ask costs this gateway two hashes and one look-up; failures use up the address's share, as failed
token requests do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from chain.members import Role
from gateway.access.policy import ViewPolicy
from gateway.access.rate_limits import OpenShare
from gateway.api.bodies import open_json_body, request_schema
from gateway.api.models.people import (
    Enrolment,
    LinkSecret,
    LogIn,
    LogInWays,
    PasskeyOptions,
    ProviderAddress,
    ProviderReturn,
    ProviderWish,
    SessionAnswer,
    SessionLine,
    SessionList,
)
from gateway.api.operation import FAULTS, describes
from gateway.api.routes.parameters import Authorization
from gateway.api.session_cookies import ProviderCookie, SessionCookie
from gateway.people.service import People
from gateway.people.sessions import OpenSession
from gateway.query.directory import RegistryDirectory
from gateway.query.sandbox import Sandbox
from gateway.runtime.refusals import GatewayRefusal
from gateway.services import Services
from gateway.store.people import Operator

OPEN = ("malformed", "log-in", "link", "log-in-off", "cross-site", "inactive-member", "quota", *FAULTS)
OWN = ("unauthorized", "session-ended", "inactive-member", "log-in-off", "cross-site", "quota", *FAULTS)
_LOG_IN, _LINK, _ENROLMENT = open_json_body(LogIn), open_json_body(LinkSecret), open_json_body(Enrolment)
_PROVIDER_WISH, _PROVIDER_RETURN = open_json_body(ProviderWish), open_json_body(ProviderReturn)


class _Door:
    """What the open routes have in common: the share of strangers' failures, and the beginning of a session."""

    def __init__(self, services: Services, cookie: SessionCookie) -> None:
        settings = services.settings
        self._services = services
        self._cookie = cookie
        self._share = OpenShare(settings.open_requests_per_address_per_s, settings.open_requests_per_s, services.clock)

    @property
    def people(self) -> People:
        return people_of(self._services)

    @contextmanager
    def charging(self, request: Request) -> Iterator[People]:
        """Failures alone use the address's share up: else strangers behind a proxy would keep its members out."""
        try:
            yield self.people
        except GatewayRefusal:
            self._share.take(request.client.host if request.client is not None else "")
            raise

    def begin(self, operator: Operator, request: Request, response: Response) -> SessionAnswer:
        """A new session: what the browser had is not taken over, so that nobody can plant one."""
        session, secret = self.people.sessions.begin(operator, request.headers.get("user-agent", ""))
        self._cookie.put(response, secret)
        response.headers["Cache-Control"] = "no-store"
        return session_answer(self._services, session)


def log_in_router(services: Services) -> APIRouter:
    """The routes, bound to one gateway."""
    router = APIRouter(prefix="/v1", tags=["people"])
    cookie = SessionCookie(services.settings.console_url)
    door = _Door(services, cookie)

    @router.get("/log-in")
    @describes(*OPEN, is_open=True)
    def get_log_in(response: Response) -> LogInWays:
        """What the log-in page needs: which ways there are, and a challenge for a passkey."""
        people = door.people
        response.headers["Cache-Control"] = "no-store"
        return LogInWays(
            passkey=True,
            link=people.is_link_enough,
            providers=people.providers.names(),
            rp_id=people.passkeys.host,
            public_key=people.passkeys.request_options(),
        )

    @router.post("/log-in", openapi_extra=request_schema(LogIn))
    @describes(*OPEN, is_open=True)
    def post_log_in(request: Request, response: Response, wanted: LogIn = _LOG_IN) -> SessionAnswer:
        """Begins a session for the operator whose passkey answered."""
        with door.charging(request) as people:
            return door.begin(people.passkeys.recognise(wanted.credential), request, response)

    @router.post("/log-in/link", openapi_extra=request_schema(LinkSecret))
    @describes(*OPEN, is_open=True)
    def post_link(request: Request, response: Response, wanted: LinkSecret = _LINK) -> SessionAnswer:
        """Begins a session for the operator whom a one-time link invites, on demonstrations that allow it."""
        with door.charging(request) as people:
            if not people.is_link_enough:
                raise GatewayRefusal("log-in-off", "a link alone does not log in here", fix="Make a passkey with it")
            return door.begin(people.use_link(wanted.link), request, response)

    _add_enrolment(router, door)
    _add_provider_routes(router, door, ProviderCookie(services.settings.console_url))
    _add_own_routes(router, services, cookie)
    return router


def _add_enrolment(router: APIRouter, door: _Door) -> None:
    @router.post("/enrolment/options", openapi_extra=request_schema(LinkSecret))
    @describes(*OPEN, is_open=True)
    def post_enrolment_options(
        request: Request,
        response: Response,
        wanted: LinkSecret = _LINK,
    ) -> PasskeyOptions:
        """What a browser needs to make a passkey for the operator whom a one-time link invites."""
        response.headers["Cache-Control"] = "no-store"
        with door.charging(request) as people:
            operator = people.operators.get_invited(wanted.link)
            options = people.passkeys.creation_options(operator, wanted.link)
        return PasskeyOptions(public_key=options, name=operator.name, member=operator.member)

    @router.post("/enrolment", openapi_extra=request_schema(Enrolment))
    @describes(*OPEN, is_open=True)
    def post_enrolment(
        request: Request,
        response: Response,
        wanted: Enrolment = _ENROLMENT,
    ) -> SessionAnswer:
        """Keeps the passkey that a one-time link allowed, uses the link up and begins a session."""
        with door.charging(request) as people:
            operator = people.operators.get_invited(wanted.link)
            people.passkeys.enrol(operator, wanted.link, wanted.credential)
            return door.begin(operator, request, response)


def _add_provider_routes(router: APIRouter, door: _Door, cookie: ProviderCookie) -> None:
    @router.post("/log-in/provider/start", openapi_extra=request_schema(ProviderWish))
    @describes("not-found", *OPEN, is_open=True)
    def post_provider_start(
        request: Request, response: Response, wanted: ProviderWish = _PROVIDER_WISH
    ) -> ProviderAddress:
        """Begins a log-in at a member's own identity provider: the address there, and a cookie for the way back."""
        with door.charging(request) as people:
            address, kept = people.providers.begin(wanted.member, wanted.link)
        cookie.put(response, kept)
        response.headers["Cache-Control"] = "no-store"
        return ProviderAddress(address=address)

    @router.post("/log-in/provider", openapi_extra=request_schema(ProviderReturn))
    @describes("not-found", *OPEN, is_open=True)
    def post_provider_return(
        request: Request, response: Response, wanted: ProviderReturn = _PROVIDER_RETURN
    ) -> SessionAnswer:
        """Begins a session for the operator whom the provider recognised, with the code that it sent."""
        with door.charging(request) as people:
            kept = cookie.find(request.headers.get("cookie", ""))
            identity = people.providers.finish(kept, wanted.code, wanted.state, wanted.iss)
            answer = door.begin(people.recognise(identity), request, response)
        cookie.clear(response)
        return answer


def _add_own_routes(router: APIRouter, services: Services, cookie: SessionCookie) -> None:
    @router.get("/session")
    @describes(*OWN)
    def get_session(response: Response, authorization: Authorization = None) -> SessionAnswer:
        """Who is logged in, with which rights, and how long."""
        response.headers["Cache-Control"] = "no-store"
        return session_answer(services, session_of(services, authorization))

    @router.delete("/session", status_code=204)
    @describes(*OWN, status=204)
    def delete_session(authorization: Authorization = None) -> Response:
        """Logs out."""
        session = session_of(services, authorization)
        people_of(services).sessions.end(session.operator.id, session.id)
        return _cleared(cookie)

    @router.get("/sessions")
    @describes(*OWN)
    def get_sessions(authorization: Authorization = None) -> SessionList:
        """One's own browsers that are logged in."""
        session = session_of(services, authorization)
        return SessionList(sessions=session_lines(people_of(services), session.operator.id, session.id))

    @router.delete("/sessions", status_code=204)
    @describes(*OWN, status=204)
    def delete_sessions(authorization: Authorization = None) -> Response:
        """Logs out everywhere."""
        people_of(services).sessions.end_all(session_of(services, authorization).operator.id)
        return _cleared(cookie)

    @router.delete("/sessions/{session}", status_code=204)
    @describes("not-found", *OWN, status=204)
    def delete_one_session(session: str, authorization: Authorization = None) -> Response:
        """Logs one of one's own browsers out."""
        people_of(services).sessions.end(session_of(services, authorization).operator.id, session)
        return Response(status_code=204)


def people_of(services: Services) -> People:
    """The people of this gateway; raises GatewayRefusal (404) where none log in."""
    if services.people is None:
        raise GatewayRefusal("log-in-off", "this gateway has no log-in for people", fix="Set `console_url`")
    return services.people


def session_of(services: Services, authorization: str | None) -> OpenSession:
    """The session of a request; raises GatewayRefusal (401) where it came without one."""
    people = people_of(services)
    services.tokens.reader(authorization)
    return people.sessions.opened((authorization or "").partition(" ")[2])


def session_answer(services: Services, session: OpenSession) -> SessionAnswer:
    """Who is logged in."""
    operator = session.operator
    people, settings = people_of(services), services.settings
    version = services.registry.snapshot().get_active_member(operator.member)
    begun = next((s.created_at for s in people.sessions.of_operator(operator.id) if s.id == session.id), 0)
    return SessionAnswer(
        session=session.id,
        member=operator.member,
        roles=[str(role.name) for role in Role if role in version.roles],
        kind=version.kind.name.lower(),
        operator=operator.id,
        name=operator.name,
        pseudonym=operator.pseudonym,
        rights=sorted(operator.rights),
        offices=sorted(RegistryDirectory(services.registry.snapshot()).offices_of(operator.member)),
        can_dispose=operator.member in settings.desk_keys and "dispose" in operator.rights,
        has_sandbox=bool(Sandbox.open(settings).url),
        has_preview=bool(settings.preview_url),
        may_read_statistics=_policy(settings.view_policy_file).may_read_statistics(version.roles),
        lapses_at=begun + settings.session_lifetime_s,
        idle_s=settings.session_idle_s,
        now=int(services.clock()),
    )


def session_lines(people: People, operator: str, this: str = "") -> list[SessionLine]:
    """The operator's sessions that count."""
    return [
        SessionLine(session=s.id, created_at=s.created_at, seen_at=s.seen_at, browser=s.browser, is_this=s.id == this)
        for s in people.sessions.of_operator(operator)
    ]


@lru_cache(maxsize=8)
def _policy(file: Path) -> ViewPolicy:
    """The policy in a file: for which pages a browser offers, not for what is answered there."""
    return ViewPolicy.load(file)


def _cleared(cookie: SessionCookie) -> Response:
    response = Response(status_code=204, headers={"Clear-Site-Data": '"cache", "storage"'})
    cookie.clear(response)
    return response
