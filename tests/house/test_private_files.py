"""What our processes write is their owner's alone: each program that writes sets its mask before it writes anything."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITES_NOTHING_PRIVATE = {
    "chain/verify/__main__.py",  # reads
    "gateway/ingest/worker_pool.py",  # a part of the gateway, whose mask it has
    "scripts/distribution/__main__.py",  # a release is for everybody
    "contracts/build.py",  # these write what is committed
    "contracts/layout.py",
    "scripts/adr_index.py",
    "scripts/contract_gas.py",
    "scripts/format_table.py",
    "scripts/payload_dictionary.py",
    "scripts/report_words.py",
    "scripts/web_rule_pack.py",
    "scripts/exit_kit/verify_kit.py",  # reads
    "scripts/dependency_report.py",  # names of packages, which all may read
}


def test_every_program_that_writes_keeps_its_files_private() -> None:
    programs = {
        str(file.relative_to(ROOT)): file.read_text()
        for room in ("chain", "contracts", "gateway", "adapters", "scripts")
        for file in (ROOT / room).rglob("*.py")
        if 'if __name__ == "__main__":' in file.read_text()
    }
    assert len(programs) > 10
    assert set(programs) >= WRITES_NOTHING_PRIVATE
    open_handed = {name for name, text in programs.items() if "keep_files_private()" not in text}
    assert open_handed == WRITES_NOTHING_PRIVATE
