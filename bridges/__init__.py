"""Bridges to the phones that are not on Matrix. They never import the service."""
