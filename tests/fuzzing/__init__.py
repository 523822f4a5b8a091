"""Readers and endpoints against changed inputs, for as long as one likes: `python -m tests.fuzzing READER`."""
