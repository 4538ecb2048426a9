"""The demonstration: everything Maillage needs, on one machine, on loopback."""
