"""Readers against changed messages, for as long as one likes: `python -m tests.fuzzing READER --seconds 600`."""
