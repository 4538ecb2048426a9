"""Telephones: who agreed to be texted, and what their words STOP and OUI do."""
