"""Maillage: alerts between shopkeepers and the forces of order, on Matrix, Signal and SMS."""
