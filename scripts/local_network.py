"""A whole consortium on one machine: its parts as one process group, each with what it needs from the folder."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from scripts.consortium_folder import ConsortiumFolder
from scripts.processes import ProcessGroup, answers, free_ports
from scripts.witness_folder import WitnessFolder, witnesses_of

ADAPTER_ROLES = ("TRADER", "BROKER", "CUSTOMS", "CARRIER", "TERMINAL", "BANK", "TAX")
"""Members with one of these roles have words of their own in a single window's messages."""


class Machine:
    """Node, gateway and attesters of one consortium, and, where asked for, single window and adapters."""

    def __init__(
        self,
        folder: ConsortiumFolder,
        *,
        node_port: int,
        gateway_port: int,
        single_window_port: int = 8710,
        witness_port: int = 8730,
        quiet_s: float = 5.0,
        heartbeat_s: float = 15.0,
        rpc: str = "",
        state_blocks: int | None = None,
        is_demonstration: bool = False,
        desks: tuple[str, ...] = (),
    ) -> None:
        """Of a demonstration one-time links log in; the gateway decides about findings for the members of `desks`."""
        ports = free_ports([node_port, gateway_port, single_window_port, witness_port])
        self._folder = folder
        self._group = ProcessGroup(folder.path / "logs")
        self._node_port, self._gateway_port, self._single_window_port, self._witness_port = ports
        self._quiet_s = quiet_s
        self._heartbeat_s = heartbeat_s
        self._rpc = rpc or folder.rpc()
        keys = [f"{folder.member(slug).uscc}={folder.member_folder(slug) / 'signing.pem'}" for slug in desks]
        self._people_options = [option for key in keys for option in ("--desk-key", key)]
        if is_demonstration:
            self._people_options += ["--demonstration", "--sandbox-url", self.single_window_url]
            self._people_options += ["--preview-url", self.single_window_url]
        self._node_options = () if state_blocks is None else ("--state-blocks", str(state_blocks))

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._group.stop()

    @property
    def rpc_url(self) -> str:
        """The chain's JSON-RPC endpoint: the network's own, or the embedded node's."""
        return self._rpc or f"http://127.0.0.1:{self._node_port}"

    @property
    def gateway_url(self) -> str:
        """Where the gateway answers."""
        return f"http://127.0.0.1:{self._gateway_port}"

    @property
    def console_url(self) -> str:
        """Where people log in: by name, since passkeys know no addresses."""
        return f"http://localhost:{self._gateway_port}"

    @property
    def single_window_url(self) -> str:
        """Where the single-window stand-in answers."""
        return f"http://127.0.0.1:{self._single_window_port}"

    @property
    def witness_url(self) -> str:
        """Where the witness of this machine answers, if one was started."""
        return f"http://127.0.0.1:{self._witness_port}"

    def start_node(self, say: Callable[[str], None]) -> None:
        """The embedded node, unless the consortium runs on a network of its own; returns once it answers."""
        self._launch_node()
        self._await_node(say)

    def _launch_node(self) -> None:
        if not self._rpc:
            where = ("--dir", str(self._folder.path), "--port", str(self._node_port))
            self._group.start("node", "chain.node", *where, *self._node_options)

    def _await_node(self, say: Callable[[str], None]) -> None:
        if self._rpc:
            say(f"using the network at {self._rpc}")
            return
        self._group.wait_ready("node", answers(f"{self.rpc_url}/health"))
        say(f"embedded node at {self.rpc_url}")

    def start_core(self, say: Callable[[str], None]) -> None:
        """Node, gateway and attesters, at once, since each waits for the chain; returns once the gateway is ready."""
        self._launch_node()
        settings = str(self._folder.gateway / "settings.json")
        where = ("--rpc", self.rpc_url, "--port", str(self._gateway_port), "--console-url", self.console_url)
        self._group.start("gateway", "gateway", "--settings", settings, *where, *self._people_options)
        self._group.start(
            "attesters",
            "scripts.cli",
            "attester",
            str(self._folder.path),
            "--rpc",
            self.rpc_url,
            "--quiet-s",
            str(self._quiet_s),
            "--heartbeat-s",
            str(self._heartbeat_s),
            "--gateway",
            self.gateway_url,
        )
        self._await_node(say)
        self._group.wait_ready("gateway", answers(f"{self.gateway_url}/readyz"))
        say(f"gateway at {self.gateway_url}; attesters of every governor")
        if witnesses_of(self._folder):
            self.start_publisher(say)

    def start_witness(self, witness: WitnessFolder, say: Callable[[str], None]) -> None:
        """A witness on this machine, for demonstrations: a true one is an outsider's."""
        self._group.start("witness", "scripts.cli", "witness", str(witness.path), "--port", str(self._witness_port))
        say(f"witness {witness.key().name} at {self.witness_url}")

    def start_publisher(self, say: Callable[[str], None]) -> None:
        """The publishing of the governors' notes, to the witnesses that the folder lists."""
        self._group.start("notes", "scripts.cli", "notes", "publish", str(self._folder.path), "--rpc", self.rpc_url)
        say(f"notes of every governor, cosigned by {len(witnesses_of(self._folder))} outside witness(es)")

    def start_single_window(self, say: Callable[[str], None]) -> None:
        """The single-window stand-in."""
        self._group.start(
            "single-window",
            "adapters.single_window_mock",
            "--dir",
            str(self._folder.path / "single-window"),
            "--members",
            str(self._folder.path / "members"),
            "--port",
            str(self._single_window_port),
        )
        self._group.wait_ready("single-window", answers(f"{self.single_window_url}/healthz"))
        say(f"single-window stand-in at {self.single_window_url}")

    def start_adapters(self, say: Callable[[str], None]) -> None:
        """One adapter task for each member that has words of its own, each with that member's key alone."""
        speaking = [m.slug for m in self._folder.members() if m.sponsor and set(m.roles) & set(ADAPTER_ROLES)]
        speaking += [m.slug for m in self._folder.members() if m.slug in ("customs", "tax")]
        named = [argument for slug in speaking for argument in ("--member", slug)]
        self._group.start(
            "adapters",
            "scripts.cli",
            "adapter",
            str(self._folder.path),
            *named,
            "--gateway",
            self.gateway_url,
            "--single-window",
            self.single_window_url,
        )
        say(f"adapters, each with its own member's key: {', '.join(speaking)}")

    def start_risk_desks(self, slugs: tuple[str, ...], say: Callable[[str], None]) -> None:
        """A risk desk for each of these governors, each a process with its own key and journal."""
        for slug in slugs:
            named = ("risk-desk", str(self._folder.path), "--member", slug)
            where = ("--gateway", self.gateway_url, "--rpc", self.rpc_url)
            self._group.start(f"risk-desk-{slug}", "scripts.cli", *named, *where)
        say(f"risk desks, each with its own governor's key: {', '.join(slugs)}")

    def check(self) -> None:
        """Raises ProcessDied where a part has ended."""
        self._group.check()

    def run_until(self, stopped: Callable[[], bool], say: Callable[[str], None] = print) -> None:
        """Watches the parts until `stopped` says so and starts again what ends; raises ProcessDied."""
        self._group.run_until(stopped, say)
