"""The clients in Java and TypeScript as their tests run them: questions in, one JSON line each; answers out."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from tests.house.test_house import REPOSITORY

CLIENTS = REPOSITORY / "gateway" / "client"
TYPESCRIPT, JAVA = CLIENTS / "typescript", CLIENTS / "java"
LANGUAGES = ("typescript", "java")
RELEASE = "17"


@lru_cache(maxsize=1)
def java_classes() -> Path:
    """The Java client with its test program, compiled without a warning."""
    if shutil.which("javac") is None:
        pytest.skip("no Java compiler is installed")
    classes = Path(tempfile.mkdtemp(prefix="tongguan-java-"))
    sources = sorted(str(file) for file in JAVA.rglob("*.java"))
    command = ["javac", "--release", RELEASE, "-Xlint:all", "-Werror", "-d", str(classes), *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return classes


def ask(language: str, questions: Sequence[dict[str, Any]]) -> list[Any]:
    """What the client of a language answers, all in one process; skips where the language is not installed."""
    program = [] if language == "java" else ["node", str(TYPESCRIPT / "test" / "answer.mjs")]
    if language == "java":
        program = ["java", "-cp", str(java_classes()), "org.tongguan.client.Answer"]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    asked = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run(program, input=asked, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
