"""Who holds the award, and where the public may turn (OBLIGATIONS R13, R33, R37, R38): published text."""

from config.fields import Table, Text


class Organiser(Table):
    """Who holds the award. `enquiries` and `complaints` are telephone numbers as they are to be shown.

    `approval` is the document by which the award, its weights and its number of winners were approved.
    """

    name: Text | None = None
    enquiries: Text | None = None
    complaints: Text | None = None
    email: Text | None = None
    address: Text | None = None
    rules_url: Text | None = None
    approval: Text | None = None
