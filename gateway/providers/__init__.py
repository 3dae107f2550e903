"""One file a provider: bytes and headers in, `Inbound` values or a refusal out. No I/O."""
