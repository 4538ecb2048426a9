"""What surrounds a signature: the word of others on it."""
