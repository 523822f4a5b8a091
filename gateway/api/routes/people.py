"""The routes by which a member administers its people: with its key, or as one of them who has the right."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from gateway.access.tokens import TokenBearer
from gateway.api.bodies import json_body, request_schema
from gateway.api.models.people import InvitationAnswer, NewOperator, OperatorLine, OperatorList
from gateway.api.operation import TOKEN, describes
from gateway.api.routes.dispositions import dispositions_router
from gateway.api.routes.log_in import log_in_router, people_of, session_lines
from gateway.api.routes.parameters import Authorization
from gateway.api.routes.preview import preview_router
from gateway.api.routes.sandbox import sandbox_router
from gateway.people.operators import Invitation
from gateway.query.queries import Queries
from gateway.services import Services

ADMINISTER = ("role", "session-ended", "log-in-off", "cross-site", *TOKEN)


def people_routers(services: Services, queries: Queries) -> tuple[APIRouter, ...]:
    """All routes of people, bound to one gateway: log-in, administration, decisions, sandbox, previews."""
    return (
        log_in_router(services),
        people_router(services),
        dispositions_router(services, queries),
        sandbox_router(services),
        preview_router(services),
    )


def people_router(services: Services) -> APIRouter:
    """The routes, bound to one gateway."""
    router = APIRouter(prefix="/v1/people", tags=["people"])

    def asker(authorization: Authorization = None) -> TokenBearer:
        return services.tokens.reader(authorization)

    asked, new_operator = Depends(asker), json_body(NewOperator, asker)

    @router.get("")
    @describes(*ADMINISTER)
    def get_people(authorization: Authorization = None) -> OperatorList:
        """The member's operators with their sessions; names are told to the member alone."""
        bearer, people = asker(authorization), people_of(services)
        lines = [
            OperatorLine(
                operator=one.id,
                name=one.name,
                pseudonym=one.pseudonym,
                rights=sorted(one.rights),
                created_at=one.created_at,
                ended_at=one.ended_at,
                sessions=session_lines(people, one.id),
            )
            for one in people.operators.of_member(bearer.member)
        ]
        return OperatorList(operators=lines)

    @router.post("", status_code=201, openapi_extra=request_schema(NewOperator))
    @describes("malformed", *ADMINISTER, status=201)
    def post_operator(wanted: NewOperator = new_operator, bearer: TokenBearer = asked) -> InvitationAnswer:
        """Invites somebody: a new operator, and a link by which it enrols once."""
        people = people_of(services)
        return _invitation(services, people.operators.invite(bearer.member, wanted.name, wanted.rights))

    @router.post("/{operator}/invitation", status_code=201)
    @describes("not-found", *ADMINISTER, status=201)
    def post_invitation(operator: str, authorization: Authorization = None) -> InvitationAnswer:
        """Another link for an operator that needs another passkey."""
        bearer, people = asker(authorization), people_of(services)
        return _invitation(services, people.operators.invite_again(bearer.member, operator))

    @router.delete("/{operator}", status_code=204)
    @describes("not-found", *ADMINISTER, status=204)
    def delete_operator(operator: str, authorization: Authorization = None) -> Response:
        """Ends an operator with its sessions, links and passkeys."""
        bearer = asker(authorization)
        people_of(services).operators.end(bearer.member, operator)
        return Response(status_code=204)

    @router.delete("/{operator}/sessions", status_code=204)
    @describes("not-found", *ADMINISTER, status=204)
    def delete_operator_sessions(operator: str, authorization: Authorization = None) -> Response:
        """Logs an operator out everywhere."""
        bearer, people = asker(authorization), people_of(services)
        people.operators.get_of_member(bearer.member, operator)
        people.sessions.end_all(operator)
        return Response(status_code=204)

    return router


def _invitation(services: Services, invitation: Invitation) -> InvitationAnswer:
    return InvitationAnswer(
        operator=invitation.operator.id,
        pseudonym=invitation.operator.pseudonym,
        link=f"{people_of(services).passkeys.console_url}/console/enrol#{invitation.secret}",
        until=invitation.until,
    )
