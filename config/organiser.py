"""Who holds the award, and where the public may turn: published text."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

from config.fields import Table, Text, refused

#: What the rules must tell the public before the vote opens, in the order in which it is missed.
NEEDED: Final = ("name", "complaints", "rules_url")


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(?:[/?#]\S*)?", text):
        raise refused("web_address")
    return text


def _email(text: str) -> str:
    if not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", text):
        raise refused("email")
    return text


class Organiser(Table):
    """Who holds the award. `enquiries` and `complaints` are telephone numbers as they are to be shown.

    `approval` is the document by which the award, its weights and its number of winners were approved.
    """

    name: Text | None = None
    enquiries: Text | None = None
    complaints: Text | None = None
    email: Annotated[Text, AfterValidator(_email)] | None = None
    address: Text | None = None
    rules_url: Annotated[Text, AfterValidator(_url)] | None = None
    approval: Text | None = None
