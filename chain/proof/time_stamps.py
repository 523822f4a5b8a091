"""RFC 3161 time stamps of notes: an authority's word that a note, with its cosignatures, existed by a time.

The imprint is the SHA-256 of the note's bytes. A stamp is an answer (`TimeStampResp`, DER) with its authority's
certificates; they lead to a root that the reader trusts, and were valid at the stamp's own time: no clock is read.
A stamp says "existed by", and no more.

`rfc3161-client` reads them, which is an extra of the verifier. It and X.509 are loaded where a stamp or a root is at
hand: they bring sockets and more, and most bundles have neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.errors import Malformed, TongguanError
from chain.proof.hashes import sha256

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

STAMP_BYTES_MAX = 32 << 10
STAMPS_MAX = 4
"""Of one note."""
ROOTS_MAX = 8
_SHA256 = "2.16.840.1.101.3.4.2.1"


class WrongStamp(TongguanError):
    """The stamp is not one of this note by an authority under these roots."""


class StampsUnread(TongguanError):
    """The package that reads stamps is not installed: nothing can be said of them."""


class MalformedCertificate(Malformed):
    """Not a certificate."""


@dataclass(frozen=True)
class TimeStamp:
    """What a right stamp says."""

    time: int
    """Unix seconds, cut down to a whole one."""
    authority: str
    """The name of the certificate that signed it (RFC 4514)."""


def parse_root(der: bytes) -> Certificate:
    """The certificate of a root; raises MalformedCertificate."""
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    try:
        return load_der_x509_certificate(der)
    except (ValueError, InvalidVersion) as error:
        raise MalformedCertificate("time-stamp root", "is an X.509 certificate in DER") from error


def verify_stamp(stamp: bytes, note: bytes, roots: Sequence[bytes]) -> TimeStamp:
    """What the stamp says of the note. Raises WrongStamp, with the reason, and StampsUnread.

    `roots` are certificates in DER.
    """
    if len(stamp) > STAMP_BYTES_MAX:
        raise WrongStamp(f"a stamp has at most {STAMP_BYTES_MAX} bytes")
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    try:
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response
    except ImportError as error:
        raise StampsUnread("the package rfc3161-client is not installed") from error
    try:
        response = decode_timestamp_response(stamp)
        if response.tst_info.message_imprint.hash_algorithm.dotted_string != _SHA256:
            raise WrongStamp("its imprint is not of SHA-256")
        # With the list given here: the builder's own methods would share one between verifiers.
        verifier = VerifierBuilder(roots=[parse_root(root) for root in roots]).build()
        signer = next(iter(response.signed_data.signer_infos))
        certificates = [load_der_x509_certificate(one) for one in response.signed_data.certificates]
        verifier.verify(response, sha256(note))
        by = next(c for c in certificates if (c.issuer, c.serial_number) == (signer.issuer, signer.serial_number))
    except (VerificationError, ValueError, InvalidVersion, StopIteration) as fault:
        raise WrongStamp(str(fault) or "it does not name its signer's certificate") from None
    return TimeStamp(int(response.tst_info.gen_time.timestamp()), by.subject.rfc4514_string())
