"""The panel: members enter points, submit them into the ledger, and they are weighed with the votes."""
