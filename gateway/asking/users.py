"""What `televote users` asks, done by the server if one runs, else here with the store opened for it."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from config.load import Loaded
from config.settings import Settings
from gateway import clock
from gateway.asking import calling
from gateway.people.accounts import AccountRefused
from gateway.people.people import People, carry_out, open_people
from gateway.people.roles import Role
from gateway.storage.opening import open_store

#: Who is there to try the sample with. Two for the committee: some acts take two.
SAMPLE: Final = (
    ("operator", "李娜", Role.OPERATOR),
    ("committee-1", "王芳", Role.COMMITTEE),
    ("committee-2", "赵磊", Role.COMMITTEE),
    ("panel", "孙丽", Role.PANEL),
    ("observer", "陈静", Role.OBSERVER),
    ("admin", "周敏", Role.ADMINISTRATOR),
)


class NoAccounts(RuntimeError):
    """The settings have no key for accounts."""

    def __init__(self) -> None:
        super().__init__(
            "there are no accounts without a key: openssl rand -hex 32 > secrets/accounts.secret, then "
            'chmod 600, and in the settings [accounts] key_file = "accounts.secret"'
        )


class Link(NamedTuple):
    """A one-time link, and whose."""

    login: str
    name: str
    role: str
    url: str


async def ask(loaded: Loaded, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Have it done. Raises `AccountRefused`, `NoAccounts`, `calling.NotServing`, `Unavailable`."""
    if loaded.settings.accounts.key is None:
        raise NoAccounts
    if calling.is_served(loaded.settings):
        async with calling.connect(loaded.settings) as client:
            answer = await client.users(asked)
            base = answer.pop("url")
    else:
        async with open_store(loaded.settings) as store:
            people = open_people(store, loaded.settings.accounts, loaded.campaigns, clock.now_ms)
            assert people is not None
            answer = await carry_out(people, asked)
        base = "http://{}:{}".format(*loaded.settings.listen)
    if "refused" in answer:
        raise AccountRefused(answer["refused"])
    if token := answer.pop("token", ""):
        answer["link"] = link(loaded.settings, base, token)
    return answer


def link(settings: Settings, base: str, token: str) -> str:
    """The address of a one-time link; `base` is where the server listens."""
    return f"{settings.public_url or base}/welcome/{token}"


async def first_link(people: People, settings: Settings, base: str) -> str:
    """The link by which somebody becomes the first administrator, "" if there is one who can sign in."""
    token = await people.accounts.first()
    return link(settings, base, token) if token else ""


async def sample_links(people: People, settings: Settings, base: str) -> list[Link]:
    """A link for each of the sample's people who has not used theirs. Those who are missing are made."""
    found = {one.account.login: one.account for one in await people.accounts.listed()}
    links = []
    for login, name, role in SAMPLE:
        account = found.get(login)
        if account is None:
            token = await people.accounts.add(login, name, role, (), by="sample")
        elif account.enabled and account.password is None:
            token = await people.accounts.renew(account)
        else:
            continue
        links.append(Link(login, name, role, link(settings, base, token)))
    return links
