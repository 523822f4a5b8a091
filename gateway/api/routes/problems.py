"""The pages that explain each kind of problem."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from chain.errors import NotFound
from gateway.api.media_types import HTML
from gateway.api.operation import describes
from gateway.api.pages import render_page
from gateway.runtime.refusals import KINDS


def problems_router() -> APIRouter:
    """`GET /problems/{slug}`, open to everyone: the `type` of every problem leads here."""
    router = APIRouter(tags=["schemas"])

    @router.get("/problems/{slug}", response_class=HTMLResponse)
    @describes("not-found", "internal", answer="An HTML page", media_types=(HTML,), is_open=True)
    def get_problem_page(slug: str) -> str:
        """What a kind of problem means and what to do, in English and Chinese."""
        if slug not in KINDS:
            raise NotFound("kind of problem", slug)
        return render_page("problem.html", kind=KINDS[slug])

    return router
