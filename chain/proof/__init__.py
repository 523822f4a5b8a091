"""Proofs as pure functions: each structure is built and checked in one file, without I/O, clock or randomness."""
