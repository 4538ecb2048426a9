"""SMS: the text is decided here, and one of three transports carries it."""
