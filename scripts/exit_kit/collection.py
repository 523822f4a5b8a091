"""Collecting an exit kit from a gateway: everything that the member may see, one consignment after the other.

Every read is logged by the gateway, as any other. The kit is written into a folder of its own; `SHA256SUMS` is written
last, so a kit without it was not finished.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from chain.encoding import Json
from chain.errors import NotFound, Refused
from chain.verify.page import format_page
from chain.verify.trust_root import TrustRoot
from gateway.client import GatewayBusy, GatewayClient, GatewayRefused
from scripts.consortium_folder import MemberProfile, write_json
from scripts.exit_kit.readme import format_readme
from scripts.exit_kit.tables import Row, write_tables
from scripts.exit_kit.verifier_archive import write_verifier

KIT_FORMAT = "tongguan-exit-kit/1"
BUSY_TRIES_MAX = 60
BUSY_PAUSE_S = 1.0

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""Is told what is written, how many are done, and how many there are; 0 where that is not known yet."""


class KitFolderInUse(Refused):
    """The folder for the kit holds files already: a kit is written into an empty one."""


@dataclass(frozen=True)
class ExitKit:
    """A finished kit."""

    folder: Path
    consignments: int
    records: int
    receipts: int
    without_bundle: dict[str, str]
    """UCR to why no proof of it could be had."""
    lack: Json
    """What the gateway said that it lacks; None where it is whole."""


@dataclass
class KitCollector:
    """Collects one kit."""

    gateway: GatewayClient
    member: MemberProfile
    trust_root: bytes
    out: Path
    progress: Progress
    pause: Callable[[float], None] = time.sleep
    _rows: dict[str, list[Row]] = field(
        default_factory=lambda: {"consignments": [], "records": [], "documents": [], "receipts": []}
    )
    _without: dict[str, str] = field(default_factory=dict)

    def collect(self, made_at: str) -> ExitKit:
        """Writes the whole kit; raises KitFolderInUse, GatewayRefused, GatewayBusy, httpx.HTTPError, OSError."""
        if self.out.exists() and any(self.out.iterdir()):
            raise KitFolderInUse(f"{self.out} is not empty", fix="name a new folder with --out")
        root = TrustRoot.parse(self.trust_root)
        self.out.mkdir(parents=True, exist_ok=True)
        self._write("trust-root.json", self.trust_root)
        lack = self._patiently(lambda: self.gateway.first_consignments()["lack"])
        hits = self._listed()
        for number, hit in enumerate(hits, 1):
            self._consignment(hit)
            self.progress("consignments", number, len(hits))
        self._receipts()
        write_tables(self.out / "tables", self._rows)
        self._add_verifier(root)
        kit = ExitKit(
            self.out,
            len(self._rows["consignments"]),
            len(self._rows["records"]),
            len(self._rows["receipts"]),
            self._without,
            lack,
        )
        summary = {
            "format": KIT_FORMAT,
            "member": self.member.uscc,
            "gateway": self.gateway.base_url,
            "made_at": made_at,
            "consortium": root.consortium.hex(),
            "trust_root_fingerprint": root.fingerprint.hex(),
            "consignments": kit.consignments,
            "records": kit.records,
            "receipts": kit.receipts,
            "without_bundle": kit.without_bundle,
            "gateway_lacks": kit.lack,
        }
        write_json(self.out / "kit.json", summary)
        self._write_sums()
        return kit

    def _listed(self) -> list[dict[str, Any]]:
        hits: list[dict[str, Any]] = []
        for hit in self.gateway.consignments():
            hits.append(hit)
            self.progress("consignments found", len(hits), 0)
        return hits

    def _consignment(self, hit: dict[str, Any]) -> None:
        ucr = str(hit["ucr"])
        folder = f"consignments/{quote(ucr, safe='')}"
        view = self._patiently(lambda: self.gateway.consignment(ucr))
        self._write(f"{folder}/view.json", json.dumps(view, ensure_ascii=False, indent=1).encode())
        own_only = bool(view["reader"]["own_records_only"])
        for line in view["records"]:
            self._record(folder, ucr, line, with_bundle=own_only)
        bundle = "" if own_only else self._bundle(folder, ucr)
        self._rows["consignments"].append(
            {**hit, "records": len(view["records"]), "claim": view["completeness"]["claim"], "bundle": bundle}
        )
        for document in view["documents"]:
            self._rows["documents"].extend(_document_rows(ucr, document))

    def _record(self, folder: str, ucr: str, line: dict[str, Any], *, with_bundle: bool) -> None:
        record_id = str(line["record"])
        record = self._patiently(lambda: self.gateway.record(record_id))
        self._write(f"{folder}/records/{record_id}.sd-jwt", str(record["sd_jwt"]).encode())
        self._rows["records"].append({"ucr": ucr, **line})
        if with_bundle:
            self._bundle_of(ucr, f"{folder}/{record_id}.bundle.json", lambda: self.gateway.record_bundle(record_id))

    def _bundle(self, folder: str, ucr: str) -> str:
        return self._bundle_of(ucr, f"{folder}/bundle.json", lambda: self.gateway.consignment_bundle(ucr))

    def _bundle_of(self, ucr: str, name: str, ask: Callable[[], bytes]) -> str:
        try:
            content = self._patiently(ask)
        except (NotFound, GatewayRefused) as error:
            self._without[ucr] = str(error)
            return ""
        self._write(name, content)
        return name

    def _receipts(self) -> None:
        for number, own in enumerate(self.gateway.records(), 1):
            if own.receipt:
                self._write(f"receipts/{own.record_id}.jws", own.receipt.encode())
            self._rows["receipts"].append({"record": own.record_id, **vars(own)})
            self.progress("receipts", number, 0)

    def _add_verifier(self, root: TrustRoot) -> None:
        write_verifier(self.out / "verifier.pyz")
        self._write("verify.html", format_page().encode())
        self._write("verify.py", resources.files("scripts.exit_kit").joinpath("verify_kit.py").read_bytes())
        readme = format_readme(
            name=self.member.name,
            member=self.member.uscc,
            consortium=root.consortium.hex(),
            fingerprint=root.short_fingerprint,
        )
        self._write("README.md", readme.encode())

    def _write_sums(self) -> None:
        lines = [f"{sha256(file.read_bytes()).hexdigest()}  {file.relative_to(self.out)}" for file in self._files()]
        self._write("SHA256SUMS", ("\n".join(lines) + "\n").encode())

    def _files(self) -> Iterator[Path]:
        yield from sorted(file for file in self.out.rglob("*") if file.is_file())

    def _write(self, name: str, content: bytes) -> None:
        file = self.out / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def _patiently(self, ask: Callable[[], T]) -> T:
        """The answer, asked for again while the gateway is busy."""
        for _ in range(BUSY_TRIES_MAX):
            try:
                return ask()
            except GatewayBusy as busy:
                self.pause(busy.retry_after_s or BUSY_PAUSE_S)
        return ask()


def _document_rows(ucr: str, document: dict[str, Any]) -> Iterator[Row]:
    value = document["value"]
    for file in value if isinstance(value, list) else [value]:
        if isinstance(file, dict):
            kind = file.get("type")
            yield {
                "ucr": ucr,
                "record": document["record"],
                "issuer": document["issuer"],
                "type": kind.get("value") if isinstance(kind, dict) else kind,
                "name": file.get("name"),
                "sha256": file.get("sha256"),
            }
