"""The store on PostgreSQL, for several nodes. Only `opening.py` imports it: asyncpg is an extra."""
