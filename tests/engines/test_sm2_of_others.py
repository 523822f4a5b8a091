"""OpenSSL and Bouncy Castle take our SM2 signatures and keys, and we take theirs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from chain import sm2
from chain.keys import KeyAlgorithm, SigningKey

ROOT = Path(__file__).resolve().parents[2]
BOUNCY_CASTLE = "org.bouncycastle:bcprov-jdk18on:1.82"
JARS = ROOT / ".node" / "jars"
MESSAGE = b"eyJhbGciOiJTTTIifQ.eyJpc3MiOiI5MTExMDAwMDYwMDAzNzM0MUwifQ"
SECONDS_MAX = 240


def openssl(*arguments: str) -> bytes:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("OpenSSL's command is not on this machine")
    done = subprocess.run([program, *arguments], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def with_sm2() -> None:
    if b"SM2" not in openssl("ecparam", "-list_curves"):
        pytest.skip("this OpenSSL was built without SM2")


@pytest.mark.usefixtures("with_sm2")
def test_openssl_reads_our_key_file_and_takes_our_signature(tmp_path: Path) -> None:
    key = SigningKey.generate(KeyAlgorithm.SM2)
    private, public, message, signature = (
        tmp_path / name for name in ("key.pem", "public.pem", "message", "signature")
    )
    private.write_bytes(key.to_pem(b"a passphrase"))
    public.write_bytes(openssl("pkey", "-in", str(private), "-passin", "pass:a passphrase", "-pubout"))
    message.write_bytes(MESSAGE)
    raw = key.sign(MESSAGE)
    signature.write_bytes(encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")))
    told = openssl(
        *("pkeyutl", "-verify", "-pubin", "-inkey", str(public), "-in", str(message), "-sigfile", str(signature)),
        *("-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{sm2.SIGNER_ID.decode()}"),
    )
    assert b"Verified Successfully" in told


@pytest.mark.usefixtures("with_sm2")
def test_we_read_openssls_key_file_and_take_its_signature(tmp_path: Path) -> None:
    private, message = tmp_path / "key.pem", tmp_path / "message"
    openssl(
        *("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-pkeyopt", "ec_param_enc:named_curve"),
        *("-aes256", "-pass", "pass:a passphrase", "-out", str(private)),
    )
    message.write_bytes(MESSAGE)
    key = SigningKey.load(private.read_bytes(), b"a passphrase")
    assert key.public.algorithm is KeyAlgorithm.SM2
    signature = openssl(
        *("pkeyutl", "-sign", "-inkey", str(private), "-passin", "pass:a passphrase", "-in", str(message)),
        *("-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{sm2.SIGNER_ID.decode()}"),
    )
    r, s = decode_dss_signature(signature)
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert key.public.verify(MESSAGE, raw)
    assert not key.public.verify(MESSAGE + b"!", raw)


@pytest.fixture(scope="module")
def bouncy_castle() -> list[str]:
    """The command that runs Bouncy Castle's signer; skips where Java or its jar cannot be had."""
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or maven is None:
        pytest.skip("Java and Maven are not on this machine")
    if not list(JARS.glob("bcprov-*.jar")):
        JARS.mkdir(parents=True, exist_ok=True)
        copy = [maven, "-q", "-B", "dependency:copy", f"-Dartifact={BOUNCY_CASTLE}", f"-DoutputDirectory={JARS}"]
        try:
            subprocess.run(copy, capture_output=True, timeout=SECONDS_MAX, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"Bouncy Castle cannot be had from Maven: {type(error).__name__}")
    (jar,) = JARS.glob("bcprov-*.jar")
    return [java, "-cp", str(jar), str(ROOT / "tests" / "engines" / "java" / "Sm2.java")]


def told(command: list[str], *arguments: str) -> str:
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_bouncy_castle_takes_our_signature_and_we_take_its(bouncy_castle: list[str]) -> None:
    secret = sm2.new_secret()
    point = sm2.public_point(secret)
    x, y = point[:32].hex(), point[32:].hex()
    assert told(bouncy_castle, "verify", x, y, MESSAGE.hex(), sm2.sign(secret, MESSAGE).hex()) == "true"
    theirs = bytes.fromhex(told(bouncy_castle, "sign", f"{secret:x}", MESSAGE.hex()))
    assert sm2.verify(point, MESSAGE, theirs)
