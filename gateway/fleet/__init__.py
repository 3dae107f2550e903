"""Several nodes on one database, and several processes of one machine."""
