"""The people who work with a campaign: their accounts, how they sign in, and what they may do."""
