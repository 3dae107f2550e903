"""One file a report: a `Result` in, bytes out. No I/O. Each is found by being here."""
