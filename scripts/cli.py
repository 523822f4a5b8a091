"""The `tongguan` command."""


def main() -> None:
    """Says that no command has landed yet."""
    raise SystemExit(2)
