"""Replies that the answer to a request cannot take: kept, sent after the commit, each at most once."""
