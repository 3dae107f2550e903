"""How commands and workers ask a running server, and what they may ask."""
