"""Exports: written from the ledger, kept for download."""
