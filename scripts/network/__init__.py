"""A network of four or more QBFT validators: its keys and genesis in one folder, started by Compose or plainly."""
