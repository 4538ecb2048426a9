"""The nouns of the trade, in pure Python: no clock, no network, no file."""
