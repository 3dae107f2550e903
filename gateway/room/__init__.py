"""The committee's room: what its members do, alone or by two, up to the certified result, and where they look
things up."""
