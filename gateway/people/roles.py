"""Who may do what: five roles, and what a page demands of whoever asks for it. Pure."""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

from config.problems import Lang


class Role(StrEnum):
    """What an account is for. Nobody has two: who counts does not hand out accounts."""

    #: Takes calls at the desk.
    OPERATOR = "operator"
    #: Sees the count, rules, acts, closes.
    COMMITTEE = "committee"
    #: Sees what the committee sees, as far as the campaign lets observers; changes nothing.
    OBSERVER = "observer"
    #: Judges the candidates by the award's criteria. Nothing of votes.
    PANEL = "panel"
    #: Makes accounts. Nothing of votes.
    ADMINISTRATOR = "administrator"


class SignedIn(NamedTuple):
    """Whoever asks. `campaigns` empty: every one; `lang` empty: as the browser likes."""

    login: str
    name: str
    role: Role
    campaigns: tuple[str, ...] = ()
    lang: Lang | Literal[""] = ""

    def may_enter(self, campaign: str) -> bool:
        """Whether a campaign is one of theirs."""
        return not self.campaigns or campaign in self.campaigns


class Access(NamedTuple):
    """What a route demands: nothing ("public"), a bearer token, to be the machine's owner, or a role."""

    kind: Literal["public", "token", "owner", "roles"]
    roles: frozenset[Role] = frozenset()


#: For everybody. A form here still has to come from our own page.
PUBLIC: Final = Access("public")
#: For whoever knows the token of the API. The route itself asks for it.
TOKEN: Final = Access("token")
#: On the control socket, which only its owner can open.
OWNER: Final = Access("owner")


def only(*roles: Role) -> Access:
    """For people who are signed in in one of these roles. Raises `ValueError` if none is named."""
    if not roles:
        raise ValueError("name the roles: nobody at all could see the page")
    return Access("roles", frozenset(roles))


#: For everybody who is signed in.
ANYBODY: Final = only(*Role)


def refusal(access: Access, who: SignedIn | None, campaign: str | None) -> str:
    """Why somebody may not, in a word: "signed_out", "role", "campaign"; "" if they may.

    >>> refusal(only(Role.COMMITTEE), SignedIn("li", "李", Role.OPERATOR), None)
    'role'
    """
    if access.kind != "roles":
        return ""
    if who is None:
        return "signed_out"
    if who.role not in access.roles:
        return "role"
    return "" if campaign is None or who.may_enter(campaign) else "campaign"
