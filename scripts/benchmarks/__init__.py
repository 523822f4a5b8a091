"""Figures that anyone can print again: `./scripts/bench`. Each module measures one room and says what it leaves out."""
