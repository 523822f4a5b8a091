"""A receiver of webhooks on loopback, for trials: it takes each post that its secret verifies and says what came."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from chain.errors import Malformed
from chain.webhook_signature import verify_webhook

POST_BYTES_MAX = 8 << 20
PATH = "/webhook"
READ_TIMEOUT_S = 10.0


class WebhookReceiver:
    """Listens on one port of loopback while the context lasts. A post whose signature is wrong is answered with 400."""

    def __init__(
        self, port: int, secret_file: Path | None, clock: Callable[[], float], say: Callable[[str], object]
    ) -> None:
        """Without a secret, or while its file is not there, posts are taken and called unverified. Raises OSError."""
        self._secret_file = secret_file
        self._clock = clock
        self._say = say
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            timeout = READ_TIMEOUT_S

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length", "")
                is_sized = length.isascii() and length.isdigit() and len(length) <= 9 and int(length) <= POST_BYTES_MAX
                body = self.rfile.read(int(length)) if is_sized else b""
                self.send_response(receiver.take(dict(self.headers.items()), body) if is_sized else 413)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def __enter__(self) -> WebhookReceiver:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def serve_until_interrupted(self) -> None:
        """Takes posts until Ctrl-C."""
        with suppress(KeyboardInterrupt):
            self._server.serve_forever()

    def serve_beside(self) -> None:
        """Takes posts in a thread of its own, which ends with the process."""
        Thread(target=self._server.serve_forever, name="webhook-receiver", daemon=True).start()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """The status to answer a post with; says what came, or why it was refused."""
        try:
            secret = self._read_secret()
            verdict = "unverified"
            if secret:
                verify_webhook(headers, body, secret, now_s=self._clock())
                verdict = "signature verified"
            content = json.loads(body)
            changes, kind = content["changes"], content["type"]
        except (Malformed, ValueError, KeyError, TypeError) as fault:
            self._say(f"refused: {fault}")
            return 400
        self._say(f"{kind} (batch {content['batch']}): {len(changes)} changes, {verdict}")
        for change in changes:
            finding = change.get("finding") or {}
            words = [
                change["ucr"],
                change["type"],
                change["state"],
                finding.get("rule", ""),
                finding.get("severity", ""),
            ]
            self._say("  " + "  ".join(word for word in words if word))
        return 204

    def _read_secret(self) -> str:
        if self._secret_file is None or not self._secret_file.is_file():
            return ""
        return self._secret_file.read_text(encoding="utf-8").strip()
