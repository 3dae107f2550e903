"""Verify and recount: whether the ledger is whole, and what is kept beside it says what it says."""
