"""Who is calling, and have we heard this before? Caller identity, redelivery, voter keys, caps."""
