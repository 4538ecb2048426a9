"""Telephones: who agreed to be texted, and when."""
