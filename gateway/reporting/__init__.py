"""What reports stand on: the one value they are made of, how it is collected, and what a report is."""
