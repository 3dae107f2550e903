"""The ledger as the public sees it: signed checkpoints and tiles, as files that anybody may copy."""
