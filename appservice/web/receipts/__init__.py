"""Receipts of signatures: a PDF that proves itself, and holds the very bytes that were signed."""
