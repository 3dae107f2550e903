"""Our record against the provider's: statements read, compared, what is missing brought in, and entered."""
