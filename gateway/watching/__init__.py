"""What is on show, and what is watched: standings, flow, metrics, log lines."""
