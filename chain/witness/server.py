"""A witness over HTTP, as C2SP tlog-witness says: `POST /add-checkpoint`, `GET /<SHA-256 of origin>/checkpoint`.

Nobody logs in. A stranger can ask; only a head that a known log signed comes as far as the disk. Bodies are bounded
before they are read, connections where they are counted (`chain.http_limits`).
"""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from chain.errors import StoreFault
from chain.proof.notes import NOTE_BYTES_MAX, MalformedNote
from chain.witness.cosigner import (
    PROOF_LINES_MAX,
    AddCheckpoint,
    ClockWentBack,
    Cosigner,
    Inconsistent,
    NotTheLogs,
    OtherSize,
    UnknownLog,
)

PROOF_LINE_BYTES = 45
"""A hash of 32 bytes in base64 and a newline."""
BODY_BYTES_MAX = NOTE_BYTES_MAX + PROOF_LINES_MAX * PROOF_LINE_BYTES + 64
SIZE_TYPE = "text/x.tlog.size"
BAD_REQUEST, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_LARGE, UNPROCESSABLE, UNAVAILABLE = 400, 403, 404, 409, 413, 422, 503
_STATUS = {UnknownLog: NOT_FOUND, NotTheLogs: FORBIDDEN, Inconsistent: UNPROCESSABLE, ClockWentBack: UNAVAILABLE}


def witness_app(cosigner: Cosigner) -> Starlette:
    """The ASGI application of one witness."""
    return Starlette(
        routes=[
            Route("/add-checkpoint", partial(_add_checkpoint, cosigner), methods=["POST"]),
            Route("/{name}/checkpoint", partial(_find_checkpoint, cosigner), methods=["GET"]),
        ]
    )


async def _add_checkpoint(cosigner: Cosigner, request: Request) -> Response:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            return _text(f"a request has at most {BODY_BYTES_MAX} bytes", TOO_LARGE)
    return await to_thread.run_sync(_answer, cosigner, bytes(body))


def _answer(cosigner: Cosigner, body: bytes) -> Response:
    try:
        cosignature = cosigner.add_checkpoint(AddCheckpoint.parse(body))
    except MalformedNote as fault:
        return _text(str(fault), BAD_REQUEST)
    except OtherSize as fault:
        # Built by hand: the framework would add a charset to the type that the specification fixes.
        return Response(f"{fault.size}\n", CONFLICT, {"content-type": SIZE_TYPE})
    except (UnknownLog, NotTheLogs, Inconsistent, ClockWentBack) as fault:
        return _text(fault.reason, _STATUS[type(fault)])
    except (StoreFault, OSError):
        return _text("the witness cannot remember now, so it does not cosign", UNAVAILABLE)
    return _text(cosignature.line.removesuffix("\n"), 200)


async def _find_checkpoint(cosigner: Cosigner, request: Request) -> Response:
    note = await to_thread.run_sync(cosigner.find_checkpoint, request.path_params["name"])
    return (
        _text("no checkpoint of that log was cosigned", NOT_FOUND) if note is None else PlainTextResponse(note.format())
    )


def _text(line: str, status: int) -> Response:
    return PlainTextResponse(line + "\n", status)
