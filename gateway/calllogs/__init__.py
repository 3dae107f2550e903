"""One file a call-log format: a row of text in, an `Inbound` out. No I/O."""
