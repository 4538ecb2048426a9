"""Measures: ours and the floor beneath, in turn, in one run (see docs/performance.md)."""
