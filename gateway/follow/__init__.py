"""Call logs that grow while the service runs, followed: what is new is recorded, and how far, remembered."""
