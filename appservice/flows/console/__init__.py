"""The stories of the console: who is invited, who comes in, who is behind a click."""
