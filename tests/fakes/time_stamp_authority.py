"""A time-stamp authority of our own (RFC 3161): certificates made here, answers signed by `openssl ts`."""

from __future__ import annotations

import datetime
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
CONFIG = """[tsa]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
ess_cert_id_chain = no
"""


@dataclass(frozen=True)
class TimeStampAuthority:
    """A root, and a certificate under it that stamps."""

    folder: Path
    root: bytes
    """The root's certificate in DER."""

    @classmethod
    def found(
        cls, folder: Path, name: str, *, valid_from_days: int = -10, valid_days: int = 3650
    ) -> TimeStampAuthority:
        """A new authority with a certificate of that time. Skips the test where openssl is absent."""
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not on this machine")
        folder.mkdir(parents=True)
        start = datetime.datetime.now(datetime.UTC) + DAY * valid_from_days
        end = start + DAY * valid_days
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root_name, leaf_name = _name(f"{name} root"), _name(name)
        root = (
            _certificate(root_name, root_name, root_key, start - DAY * 3650, end + DAY * 3650)
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .sign(root_key, hashes.SHA256())
        )
        leaf = (
            _certificate(leaf_name, root_name, key, start, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .sign(root_key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        (folder / "leaf.pem").write_bytes(leaf.public_bytes(pem))
        (folder / "key.pem").write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        return cls(folder, root.public_bytes(serialization.Encoding.DER))

    def stamp(self, content: bytes, algorithm: str = "sha256") -> bytes:
        """The authority's answer to a request for these bytes, DER."""
        digest = hashlib.new(algorithm, content).hexdigest()
        self._run("-query", "-digest", digest, f"-{algorithm}", "-cert", "-out", "query")
        return self._answer()

    def answer(self, query: bytes) -> bytes:
        """The authority's answer to a request (DER)."""
        (self.folder / "query").write_bytes(query)
        return self._answer()

    def _answer(self) -> bytes:
        self._run(
            *("-reply", "-queryfile", "query", "-signer", "leaf.pem", "-inkey", "key.pem"),
            *("-config", "tsa.cnf", "-section", "tsa", "-out", "answer"),
        )
        return (self.folder / "answer").read_bytes()

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            ["openssl", "ts", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr


def root_certificate(name: str) -> bytes:
    """A root's certificate in DER, under which nothing was ever stamped."""
    start = datetime.datetime(2023, 11, 1, tzinfo=datetime.UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    root = _certificate(_name(name), _name(name), key, start, start + 3650 * DAY)
    constrained = root.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
    return constrained.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    start: datetime.datetime,
    end: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
