"""The `televote` command: a file for each sort of work."""
