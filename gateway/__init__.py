"""How the outside world reaches the count: HTTP, providers, call logs, pages, storage, commands."""

__version__ = "0.1.0"
