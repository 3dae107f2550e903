"""What stands in the head of a signed-in page: the places that somebody may go to. Pure."""

from typing import NamedTuple

from gateway.people.roles import Role, SignedIn


class Item(NamedTuple):
    """A place: where it is, its name in the catalogue, whether it is this one."""

    href: str
    label: str
    here: bool


#: By role: the front page, and the pages below it that belong to a campaign.
_FRONT = {
    Role.OPERATOR: "/operator",
    Role.COMMITTEE: "/committee",
    Role.OBSERVER: "/observer",
    Role.PANEL: "/panel",
    Role.ADMINISTRATOR: "/people",
}
_BELOW = {
    Role.COMMITTEE: (
        "",
        "/nominations",
        "/rulings",
        "/acts",
        "/evaluation",
        "/reconcile",
        "/result",
        "/records",
        "/anomalies",
        "/operators",
        "/exports",
    ),
    Role.OBSERVER: ("", "/exports"),
}


def front(role: Role) -> str:
    """Where somebody of that role begins."""
    return _FRONT[role]


def items(who: SignedIn, path: str, campaign: str) -> list[Item]:
    """The places for `who`, who is at `path`; `campaign` is the one they are in, "" for none."""
    base = front(who.role)
    below = _BELOW.get(who.role, ())
    if not campaign or not below:
        return [Item(base, f"nav_{who.role}", path == base or path.startswith(f"{base}/"))]
    places = [(f"{base}/{campaign}{end}", f"nav_{end.strip('/') or 'live'}") for end in below]
    return [
        Item(href, label, path == href or (label != "nav_live" and path.startswith(f"{href}/")))
        for href, label in places
    ]
