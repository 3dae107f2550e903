"""The operators' desk: calls that people take."""
