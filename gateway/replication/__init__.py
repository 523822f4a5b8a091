"""Replication: what a gateway may hold of others' records it pulls in chain order, proves, and keeps (promise P11)."""
