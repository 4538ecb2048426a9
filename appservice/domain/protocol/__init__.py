"""The protocol: what judges and binds, in numbered versions."""
