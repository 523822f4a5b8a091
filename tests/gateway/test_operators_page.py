"""The operator's page names every setting with its default, every metric and every part, and nothing else."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

import gateway.settings as settings_module
from gateway.api.routes.health import LoopHealth, make_figures
from gateway.settings import GatewaySettings
from tests.gateway.memory_consortium import PaperGateway

PAGE = Path(settings_module.__file__).with_name("README.md").read_text(encoding="utf-8")


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


def rows(first: str) -> list[list[str]]:
    """The rows of the page's table whose first header is this."""
    table = PAGE.partition(f"| {first} |")[2].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def meanings() -> dict[str, str]:
    """What the model says under each field."""
    (model,) = ast.parse(inspect.getsource(GatewaySettings)).body
    assert isinstance(model, ast.ClassDef)
    found, field = {}, ""
    for node in model.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            field = node.target.id
        elif field and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[field], field = " ".join(str(node.value.value).split()), ""
    return found


def default(name: str) -> str:
    """As the page writes a setting's default."""
    field = GatewaySettings.model_fields[name]
    if field.is_required():
        return "required"
    if field.default_factory is dict:
        return ""
    if field.default_factory is not None:
        return "one a core"
    if field.default in ("", None, ()):
        return ""
    if isinstance(field.default, bool):
        return json.dumps(field.default)  # as the settings file says it
    return f"{field.default:.9g}" if isinstance(field.default, float) else str(field.default)


def test_every_setting_stands_there_with_its_default_and_what_the_model_says_of_it() -> None:
    said = meanings()
    assert rows("setting") == [
        [f"`{name}`", default(name), said.get(name, "")] for name in GatewaySettings.model_fields
    ]


def test_every_metric_stands_there_and_no_other(gateway: PaperGateway) -> None:
    services = gateway.services()
    figures = make_figures(services, LoopHealth(gateway.watcher, gateway.sealer, ()))
    told = {
        sample.name
        for family in text_string_to_metric_families(generate_latest(figures).decode())
        for sample in family.samples
    }
    assert {cells[0].strip("`") for cells in rows("metric")} == told
    alarms = set(re.findall(r"`(tongguan_[a-z_]+)`", PAGE))
    assert alarms == told


def test_every_part_that_readiness_may_name_stands_there() -> None:
    parts = ("store", "chain", "follower", "sealer", "verifiers", "sealer-loop", "search-loop")
    assert [one for one in parts if f"`{one}`" not in PAGE] == []


@pytest.mark.parametrize("proxy", ["*", "proxy.example", "10.0.0.1/8"])
def test_only_addresses_and_networks_are_trusted_proxies(proxy: str) -> None:
    """A name can be made to point elsewhere; `*` would believe whoever connects."""
    with pytest.raises(ValidationError) as fault:
        GatewaySettings.model_validate({"trusted_proxies": [proxy]})
    assert ("trusted_proxies",) in {error["loc"] for error in fault.value.errors()}
