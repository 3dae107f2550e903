"""Nominations: two forms, three endorsements, codes, attachments, and the roster of the campaign file."""
