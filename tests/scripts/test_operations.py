"""The kit for operators holds: units type what the command takes, alarms ask for figures that there are."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer.main
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from chain.node.metrics import exposition
from gateway.api.routes.health import LoopHealth, make_figures
from scripts.cli import app
from tests.gateway.fixtures import gateway, sqlite_template, sqlite_url, town
from tests.gateway.memory_consortium import PaperGateway
from tests.house.test_house import REPOSITORY

KIT = REPOSITORY / "docs" / "operations"
UNITS = sorted((KIT / "systemd").glob("*.service"))
ALARMS = [
    rule
    for group in yaml.safe_load((KIT / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
SECTIONS = ["What it means", "What to look at", "What to do"]
HARDENING = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "CapabilityBoundingSet": "",
    "UMask": "0077",
    "User": "tongguan",
}
__all__ = ["gateway", "sqlite_template", "sqlite_url", "town"]


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


def settings_of(unit: Path) -> dict[str, str]:
    """The unit's settings; one that is given twice stands with its last value."""
    lines = [line for line in unit.read_text(encoding="utf-8").splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_units_command_is_one_that_the_program_takes(unit: Path) -> None:
    program, *words = shlex.split(settings_of(unit)["ExecStart"].replace("%i", "customs"))
    assert program == "/opt/tongguan/bin/tongguan"
    group = cast(Any, typer.main.get_command(app))
    with group.make_context("tongguan", words, resilient_parsing=True) as context:
        name, command, rest = group.resolve_command(context, words)
        command.make_context(name, rest, parent=context).close()


COMPOSED = yaml.safe_load((KIT / "compose" / "organisation.yml").read_text(encoding="utf-8"))["services"]


@pytest.mark.parametrize("name", COMPOSED)
def test_a_composed_part_is_started_as_the_command_takes_it(name: str) -> None:
    program, *words = COMPOSED[name]["command"]
    assert program == "tongguan"
    group = cast(Any, typer.main.get_command(app))
    with group.make_context("tongguan", words, resilient_parsing=True) as context:
        part, command, rest = group.resolve_command(context, words)
        command.make_context(part, rest, parent=context).close()


@pytest.mark.parametrize("name", COMPOSED)
def test_a_composed_part_runs_without_privileges_and_on_loopback(name: str) -> None:
    part = COMPOSED[name]
    assert part["read_only"] and part["cap_drop"] == ["ALL"] and "TONGGUAN_UID" in part["user"]
    assert all(published.startswith("127.0.0.1:") for published in part.get("ports", []))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_without_privileges(unit: Path) -> None:
    settings = settings_of(unit)
    assert {name: settings.get(name) for name in HARDENING} == HARDENING


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_reads_every_unit(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/tongguan/bin/tongguan", "/bin/true")
        name = unit.name.replace("@.service", "@customs.service")
        (tmp_path / name).write_text(text)
    files = [str(file) for file in tmp_path.iterdir()]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, check=False
    )
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line or "tongguan" in line] == []


def node_figures() -> bytes:
    head = SimpleNamespace(number=1, timestamp=1)
    node = SimpleNamespace(head=head, waiting=0, database_bytes=1, state_from=0, fault="")
    rpc = SimpleNamespace(counters=SimpleNamespace(asked={"eth_call": 1}, failed={"eth_call": 1}))
    return exposition(cast(Any, node), cast(Any, rpc))


def names_in(figures: bytes) -> set[str]:
    families = text_string_to_metric_families(figures.decode())
    return {sample.name for family in families for sample in family.samples}


def test_every_figure_that_an_alarm_asks_for_is_given(gateway: PaperGateway) -> None:
    figures = make_figures(gateway.services(), LoopHealth(gateway.watcher, gateway.sealer, []))
    given = names_in(generate_latest(figures)) | names_in(node_figures())
    asked = {name for rule in ALARMS for name in re.findall(r"tongguan_\w+", rule["expr"])}
    assert asked - given == set()


def test_every_part_has_an_alarm_for_its_silence() -> None:
    scraped = yaml.safe_load((KIT / "prometheus" / "scrape.yml").read_text(encoding="utf-8"))
    jobs = {job["job_name"] for job in scraped["scrape_configs"]}
    silent = {job for rule in ALARMS for job in re.findall(r'up\{job="([^"]+)"\} == 0', rule["expr"])}
    assert jobs == silent


def test_every_alarm_has_its_page_and_every_page_its_alarm() -> None:
    names = Counter(rule["alert"] for rule in ALARMS)
    assert set(names.values()) == {1}
    assert set(names) == {page.stem for page in (KIT / "alarms").glob("*.md")}
    index = (KIT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(alarms/(\w+)\.md\)", index)) == set(names)


@pytest.mark.parametrize("rule", ALARMS, ids=lambda rule: rule["alert"])
def test_an_alarms_page_says_what_to_do(rule: dict[str, Any]) -> None:
    page = (REPOSITORY / rule["annotations"]["runbook"]).read_text(encoding="utf-8")
    assert page.startswith(f"# {rule['alert']}\n\n{rule['annotations']['summary']}")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == SECTIONS
    assert f"```\n{rule['expr']}\n```" in page
    assert rule["labels"]["severity"] in {"page", "ticket"}


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_a_proxy_overwrites_what_clients_write_of_their_address(name: str) -> None:
    text = (KIT / "proxy" / name).read_text(encoding="utf-8")
    assert re.search(r"X-Forwarded-For (\$remote_addr;|\{remote_host\})", text)
    assert "proxy_add_x_forwarded_for" not in text
    assert '"trusted_proxies": ["127.0.0.1"]' in text and "/metrics" in text


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_reads_its_sample(tmp_path: Path) -> None:
    key, certificate = tmp_path / "gateway.key", tmp_path / "gateway.crt"
    words = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x", "-keyout", str(key)]
    subprocess.run([*words, "-out", str(certificate)], check=True, capture_output=True)
    text = (KIT / "proxy" / "nginx.conf").read_text(encoding="utf-8").replace("/etc/nginx/tls", str(tmp_path))
    head = f"pid {tmp_path}/pid; error_log stderr; events {{}}\n"
    temporary = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(f"{head}http {{ access_log off;\n{temporary}{text}\n}}\n")
    done = subprocess.run(
        ["nginx", "-t", "-e", "stderr", "-p", str(tmp_path), "-c", "nginx.conf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
