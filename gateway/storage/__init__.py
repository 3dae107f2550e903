"""Where entries, claims and totals are kept. The rules never see this package."""
