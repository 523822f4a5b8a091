"""The gateway's own threads: each calls one `step` again and again until it is asked to end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from chain.errors import LedgerFault, StoreFault
from chain.follower import UNBELIEVABLE
from gateway.runtime.cpu_affinity import PLACEMENT
from gateway.runtime.refusals import GatewayRefusal

STOP_TIMEOUT_S = 20.0

_log = logging.getLogger("gateway.runtime.loops")


class Loop:
    """A thread around a step. Faults of chain and store are logged and met with a pause; the next step tries again."""

    def __init__(self, name: str, step: Callable[[], bool], pause_s: Callable[[], float]) -> None:
        self.name = name
        self._step = step
        self._pause_s = pause_s
        self._ending = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.fault = ""
        """The fault of the last step, for the log; empty where it went well."""
        self.fault_name = ""
        """Its class, for `/readyz`: its text may name files and endpoints, which strangers need not know."""
        self.dead = ""
        """Why the loop ended by itself; empty while it runs."""

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Ends the pause, if it pauses: there is something to do."""
        self._woken.set()

    def stop(self) -> None:
        """Lets the step in hand end and joins the thread, where it was started."""
        self._ending = True
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        PLACEMENT.anywhere()
        try:
            while not self._ending:
                self._woken.clear()
                if not self._ending and not self._tried():
                    self._woken.wait(self._pause_s())
        except UNBELIEVABLE as fault:
            self.dead = str(fault)
            _log.critical("%s stopped: %s", self.name, fault)
        except BaseException as fault:
            self.dead = f"{type(fault).__name__}: a fault of the gateway"
            _log.critical("%s died", self.name, exc_info=True)
            raise

    def _tried(self) -> bool:
        """Whether there is more to do at once."""
        try:
            more = self._step()
        except UNBELIEVABLE:
            raise
        except (LedgerFault, StoreFault, GatewayRefusal) as fault:
            if str(fault) != self.fault:
                _log.warning("%s: %s", self.name, fault)
            self.fault, self.fault_name = str(fault), type(fault).__name__
            return False
        self.fault = self.fault_name = ""
        return more
