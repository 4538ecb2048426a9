"""How the people who reported judge what became of it, and what may be shown of that."""
