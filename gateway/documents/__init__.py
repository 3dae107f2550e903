"""Documents for offices: what a library sets as Word, and what is set as PDF."""
