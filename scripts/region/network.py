"""The region's processes on loopback: one chain, and for each organisation its gateway, attester and risk desk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import TracebackType

from scripts.processes import ProcessGroup, answers
from scripts.region.foundation import ORGANISATIONS, FoundedRegion

COMMAND_TIMEOUT_S = 120
QUIET_S = "1.0"
HEARTBEAT_S = "3.0"


class RegionNetwork:
    """Starts, kills and starts again. Every part is a process of its own."""

    def __init__(self, region: FoundedRegion, node_port: int) -> None:
        self._region = region
        self._node_port = node_port
        self._group = ProcessGroup(region.path / "logs")

    def __enter__(self) -> RegionNetwork:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._group.stop()

    @property
    def rpc_url(self) -> str:
        """The chain's JSON-RPC endpoint."""
        return f"http://127.0.0.1:{self._node_port}"

    def start(self, say: Callable[[str], None]) -> None:
        """The chain first, then every organisation's parts; returns once every gateway is ready."""
        where = ("--dir", str(self._region.path / "node"), "--port", str(self._node_port))
        self._group.start("node", "chain.node", *where)
        self._group.wait_ready("node", answers(f"{self.rpc_url}/health"))
        say(f"one chain at {self.rpc_url}, which all follow")
        for organisation in ORGANISATIONS:
            self._launch_gateway(organisation)
            self._start_attester(organisation)
        for organisation in ORGANISATIONS:
            self._await_gateway(organisation)
            self._start_desk(organisation)
            url = self._region.gateway_url(organisation)
            say(f"{organisation}: gateway at {url} with a store of its own, attester, risk desk")

    def kill_gateway(self, organisation: str) -> None:
        """Kills the organisation's gateway and desk outright, as a fire does."""
        self._group.kill(f"risk-desk-{organisation}")
        self._group.kill(f"gateway-{organisation}")

    def start_gateway(self, organisation: str) -> None:
        """Starts the organisation's gateway and desk again; returns once the gateway is ready."""
        self._launch_gateway(organisation)
        self._await_gateway(organisation)
        self._start_desk(organisation)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A `tongguan` command, as somebody types it."""
        command = [sys.executable, "-m", "scripts.cli", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False)

    def check(self) -> None:
        """Raises ProcessDied where a part has ended by itself."""
        self._group.check()

    def run_until(self, stopped: Callable[[], bool], say: Callable[[str], None]) -> None:
        """Watches the parts until `stopped` says so and starts again what ends; raises ProcessDied."""
        self._group.run_until(stopped, say)

    def _launch_gateway(self, organisation: str) -> None:
        settings = str(self._region.folder(organisation).gateway / "settings.json")
        port = str(self._region.ports[organisation])
        self._group.start(
            f"gateway-{organisation}", "gateway", "--settings", settings, "--rpc", self.rpc_url, "--port", port
        )

    def _await_gateway(self, organisation: str) -> None:
        self._group.wait_ready(f"gateway-{organisation}", answers(f"{self._region.gateway_url(organisation)}/readyz"))

    def _start_attester(self, organisation: str) -> None:
        folder = str(self._region.folder(organisation).path)
        timing = ("--quiet-s", QUIET_S, "--heartbeat-s", HEARTBEAT_S)
        self._group.start(f"attester-{organisation}", "scripts.cli", "attester", folder, "--rpc", self.rpc_url, *timing)

    def _start_desk(self, organisation: str) -> None:
        folder = str(self._region.folder(organisation).path)
        where = ("--gateway", self._region.gateway_url(organisation), "--rpc", self.rpc_url)
        name = f"risk-desk-{organisation}"
        self._group.start(name, "scripts.cli", "risk-desk", folder, "--member", organisation, *where)
