"""What was voted for, and how many? Code book, ledger, counts, recount, reports.

This package alone, with a ledger, can be handed to an auditor.
"""
