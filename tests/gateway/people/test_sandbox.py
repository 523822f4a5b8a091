"""The sandbox: a story of the stand-in, on a demonstration alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chain.errors import Malformed, NotFound
from gateway.query.sandbox import ANSWER_BYTES_MAX, Sandbox
from gateway.runtime.refusals import GatewayRefusal
from tests.gateway.memory_consortium import PaperGateway
from tests.gateway.people.conftest import Browser

STORIES = {"air_inspected": "An air import that customs inspects."}


def sandbox(answer: Callable[[httpx.Request], httpx.Response]) -> Sandbox:
    return Sandbox("http://stand-in.test", httpx.MockTransport(answer))


def stand_in(request: httpx.Request) -> httpx.Response:
    if request.method == "GET":
        return httpx.Response(200, json=STORIES)
    assert request.url.path == "/v1/stories/air_inspected"
    lie = b"gross_weight" in request.content
    return httpx.Response(201, json={"ucrs": ["6CN1-LIE" if lie else "6CN1"], "messages": 9})


def test_a_story_is_told_and_a_lie_is_planted_by_name() -> None:
    assert sandbox(stand_in).stories() == STORIES
    assert sandbox(stand_in).tell("air_inspected", "").ucrs == ("6CN1",)
    assert sandbox(stand_in).tell("air_inspected", "gross_weight").ucrs == ("6CN1-LIE",)


@pytest.mark.parametrize("story", ["../messages", "air_inspected/../x", "", "nothing", "A" * 50])
def test_no_other_path_of_the_stand_in_is_reached(story: str) -> None:
    with pytest.raises(NotFound):
        sandbox(stand_in).tell(story, "")


def test_an_unknown_lie_is_refused() -> None:
    with pytest.raises(Malformed):
        sandbox(stand_in).tell("air_inspected", "anything")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(200, content=b"[]"),
        httpx.Response(200, content=b"no json"),
        httpx.Response(200, content=b" " * (ANSWER_BYTES_MAX + 1) + b"{}"),
    ],
)
def test_a_stand_in_that_answers_something_else_is_no_fault_of_the_visitor(answer: httpx.Response) -> None:
    with pytest.raises(GatewayRefusal, match="stand-in"):
        sandbox(lambda request: answer).stories()


def test_it_is_there_on_a_demonstration_alone(gateway: PaperGateway) -> None:
    named = gateway.settings.model_copy(update={"sandbox_url": "http://stand-in.test"})
    assert Sandbox.open(named).url
    assert not Sandbox.open(named.model_copy(update={"link_log_in": False})).url


def test_without_one_its_page_is_not_offered_and_its_route_says_so(
    new_browser: Callable[[], Browser], invite: Callable[..., dict[str, Any]]
) -> None:
    visitor = new_browser()
    visitor.open_link(invite("read")["link"])
    assert visitor.get("/v1/session").json()["has_sandbox"] is False
    answer = visitor.get("/v1/sandbox")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/log-in-off")
