"""How the running service is watched: alive, ready, measured; and what is wrong when it isn't."""
