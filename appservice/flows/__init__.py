"""One story a file: what happens, step by step, talking to ports only."""
