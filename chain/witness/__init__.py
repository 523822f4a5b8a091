"""Witnesses: the log of checkpoints that each governor publishes, and outsiders who cosign that it only grows.

`tongguan witness` is the outsider's side (`server`, `store`), `tongguan notes publish` the governor's (`publisher`).
Formats stand in `chain.proof.notes` and `chain.proof.log_heads`, the protocol in docs/spec/witness.md.
"""
