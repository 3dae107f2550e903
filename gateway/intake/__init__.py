"""The way of a message, from bytes to a recorded outcome. Begin with `journey.py`."""
