"""Telephones in SQL: consents by number, and the texts that wait."""
