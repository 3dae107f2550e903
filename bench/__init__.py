"""Measures the gateway from outside, against a server that does nothing: `python -m bench`."""
