"""Pages for people, on their own port."""
