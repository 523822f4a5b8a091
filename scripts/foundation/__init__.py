"""Founding a consortium by a ceremony of files: cards, a plan, approvals, the chain, and what each checks alone."""
