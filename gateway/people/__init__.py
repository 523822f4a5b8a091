"""People: a member's operators, how they log in (one-time links, passkeys) and the sessions of their browsers."""
