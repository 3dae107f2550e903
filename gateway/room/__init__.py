"""The committee's room: what its members do, alone or by two, and where they look things up."""
