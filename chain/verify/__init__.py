"""The auditor's tool: a bundle and a trust root in, named checks and one verdict out; no network, clock or database."""

from chain.verify.results import Answer, Fate, Outcome, Report, Verdict
from chain.verify.trust_root import TrustRoot
from chain.verify.verifier import verify, verify_file

__all__ = ["Answer", "Fate", "Outcome", "Report", "TrustRoot", "Verdict", "verify", "verify_file"]
