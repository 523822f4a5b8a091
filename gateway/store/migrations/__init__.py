"""How the schema came to be, one revision a file (Alembic). `Store.open` brings any older store up to date."""
