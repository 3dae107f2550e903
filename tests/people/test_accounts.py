"""Accounts in the database: made, changed, disabled, reset; links that work once; nothing in clear."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest
import structlog

from gateway.people import accounts
from gateway.people.accounts import LINK_MS, AccountRefused
from gateway.people.entrance import Denied, Entered
from gateway.people.people import carry_out
from gateway.people.roles import Role
from gateway.people.store import SQL
from gateway.storage import migrate
from tests.people.folks import AWAY, NEW, OFFICE, OTHER, PASSWORD, Folk

ENGINES = ("sqlite", "postgresql")


async def states(folk: Folk) -> dict[str, str]:
    return {
        one.account.login: accounts.state(one, folk.clock.ms) for one in await folk.people.accounts.listed()
    }


async def test_from_the_link_to_the_password(folk: Folk) -> None:
    people = folk.people
    token = await people.accounts.add("Li-Na", " 李  娜 ", Role.OPERATOR, ("other",), by="chief")
    assert await states(folk) == {"li-na": "waiting"}
    account = await people.entrance.welcomed(token)
    assert account is not None
    assert account.name == "李 娜"
    assert await folk.enter("li-na") == Denied("wrong"), "there is no password yet"
    entered = await people.entrance.by_link(token, PASSWORD, OFFICE)
    assert isinstance(entered, Entered)
    who = await people.sessions.who(entered.token)
    assert who is not None
    assert (who.login, who.name, who.role, who.campaigns) == ("li-na", "李 娜", Role.OPERATOR, ("other",))
    assert await states(folk) == {"li-na": "active"}
    assert isinstance(await folk.enter(" ＬＩ-na "), Entered), "as it was typed"


async def test_a_link_works_once_and_for_two_days(folk: Folk) -> None:
    people = folk.people
    token = await people.accounts.add("li", "Li", Role.OPERATOR, (), by="chief")
    folk.clock.ms += LINK_MS - 1
    assert await people.entrance.welcomed(token) is not None
    folk.clock.ms += 1
    assert await people.entrance.welcomed(token) is None
    assert await people.entrance.by_link(token, PASSWORD, OFFICE) == Denied("stale")
    assert await states(folk) == {"li": "expired"}
    again = await people.accounts.reset("li", by="chief")
    first, second = await asyncio.gather(
        people.entrance.by_link(again, PASSWORD, OFFICE), people.entrance.by_link(again, OTHER, AWAY)
    )
    assert sorted(type(one).__name__ for one in (first, second)) == ["Denied", "Entered"]
    assert await people.entrance.by_link("nonsense", PASSWORD, OFFICE) == Denied("stale")


async def test_a_new_link_takes_the_place_of_the_old_one(folk: Folk) -> None:
    old = await folk.people.accounts.add("li", "Li", Role.OPERATOR, (), by="chief")
    new = await folk.people.accounts.reset("li", by="chief")
    assert await folk.people.entrance.welcomed(old) is None
    assert await folk.people.entrance.welcomed(new) is not None


async def test_a_disabled_account_lets_nobody_in_by_any_way(folk: Folk) -> None:
    people = folk.people
    token = await folk.add("li")
    link = await people.accounts.add("wang", "Wang", Role.OPERATOR, (), by="chief")
    for login in ("li", "wang"):
        await people.accounts.disable(login, by="chief")
    assert await people.sessions.who(token) is None, "the session has ended at once"
    assert await folk.enter("li") == Denied("wrong")
    assert await people.entrance.welcomed(link) is None
    with pytest.raises(AccountRefused, match="disabled"):
        await people.accounts.reset("li", by="chief")
    await people.accounts.enable("li", by="chief")
    assert await people.sessions.who(token) is None, "and stays so"
    assert isinstance(await folk.enter("li"), Entered)


@pytest.mark.parametrize(
    ("role", "campaigns", "enabled", "sits"),
    [
        (Role.COMMITTEE, (), True, True),
        (Role.COMMITTEE, ("beita-2018",), True, True),
        (Role.COMMITTEE, (), False, False),
        (Role.OPERATOR, (), True, False),
        (Role.ADMINISTRATOR, (), True, False),
    ],
)
async def test_who_sits_on_a_committee(
    folk: Folk, role: Role, campaigns: tuple[str, ...], enabled: bool, sits: bool
) -> None:
    accounts = folk.people.accounts
    await accounts.add("li", "Li", role, campaigns, by="chief")
    if not enabled:
        await accounts.disable("li", by="chief")
    assert await accounts.sits("li", "beita-2018") is sits
    assert await accounts.sits("li", "another") is (sits and not campaigns)
    assert not await accounts.sits("nobody", "beita-2018")


async def test_a_reset_forgets_password_sessions_and_places(folk: Folk) -> None:
    token = await folk.add("li")
    link = await folk.people.accounts.reset("li", by="chief")
    assert await folk.people.sessions.who(token) is None
    assert await folk.enter("li") == Denied("wrong")
    assert await folk.store.run(lambda db: db.execute("SELECT count(*) FROM known").fetchone()[0]) == 0
    assert isinstance(await folk.people.entrance.by_link(link, OTHER, OFFICE), Entered)
    assert await folk.enter("li", PASSWORD) == Denied("wrong")
    assert isinstance(await folk.enter("li", OTHER), Entered)


async def test_another_role_ends_the_sessions_another_name_does_not(folk: Folk) -> None:
    token = await folk.add("li", Role.OPERATOR)
    await folk.people.accounts.change("li", "Li Na", Role.OPERATOR, ("other",), by="chief")
    who = await folk.people.sessions.who(token)
    assert who is not None
    assert (who.name, who.campaigns) == ("Li Na", ("other",))
    await folk.people.accounts.change("li", "Li Na", Role.COMMITTEE, ("other",), by="chief")
    assert await folk.people.sessions.who(token) is None


async def test_whoever_has_a_campaign_that_is_gone_does_not_get_all_others(folk: Folk) -> None:
    token = await folk.add("li")
    await folk.store.run(lambda db: db.execute("UPDATE accounts SET campaigns = 'last-year'"))
    await folk.people.accounts.change("li", "Li", Role.COMMITTEE, (), by="chief")
    who = await folk.people.sessions.who(token)
    assert who is not None
    assert who.campaigns == ("last-year",)


Act = Callable[[Folk], Awaitable[Any]]

REFUSALS: dict[str, tuple[Act, str]] = {
    "no such account": (lambda folk: folk.people.accounts.reset("none", by="chief"), "unknown_account"),
    "a login that is none": (
        lambda folk: folk.people.accounts.add("a b", "B", Role.OPERATOR, (), by="chief"),
        "login_shape",
    ),
    "a login that is taken": (
        lambda folk: folk.people.accounts.add("CHIEF", "B", Role.OPERATOR, (), by="chief"),
        "login_taken",
    ),
    "no name": (
        lambda folk: folk.people.accounts.add("b2", " ", Role.OPERATOR, (), by="chief"),
        "name_shape",
    ),
    "no such campaign": (
        lambda folk: folk.people.accounts.add("b2", "B", Role.OPERATOR, ("none",), by="chief"),
        "campaign_unknown",
    ),
    "disabling the last administrator": (
        lambda folk: folk.people.accounts.disable("chief", by="televote users"),
        "last_administrator",
    ),
    "another role for the last administrator": (
        lambda folk: folk.people.accounts.change("chief", "C", Role.OPERATOR, (), by="televote users"),
        "last_administrator",
    ),
    "disabling oneself": (lambda folk: folk.people.accounts.disable("chief", by="chief"), "own"),
    "resetting oneself": (lambda folk: folk.people.accounts.reset("chief", by="chief"), "own"),
    "raising oneself": (
        lambda folk: folk.people.accounts.change("chief", "C", Role.COMMITTEE, (), by="chief"),
        "own",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_what_cannot_be_done(folk: Folk, case: str) -> None:
    act, word = REFUSALS[case]
    await folk.add("chief", Role.ADMINISTRATOR)
    before = await folk.people.accounts.listed()
    with pytest.raises(AccountRefused) as refused:
        await act(folk)
    assert refused.value.word == word
    assert await folk.people.accounts.listed() == before


async def test_of_two_administrators_one_may_go(folk: Folk) -> None:
    await folk.add("chief", Role.ADMINISTRATOR)
    await folk.add("deputy", Role.ADMINISTRATOR)
    await folk.people.accounts.disable("chief", by="deputy")
    with pytest.raises(AccountRefused, match="last_administrator"):
        await folk.people.accounts.disable("deputy", by="televote users")


async def test_the_first_administrator(folk: Folk) -> None:
    people = folk.people
    first = await people.accounts.first()
    again = await people.accounts.first()
    assert first is not None
    assert again is not None
    assert await people.entrance.welcomed(first) is None, (
        "each start's link takes the place of the last one's"
    )
    assert list(await states(folk)) == ["admin"]
    assert isinstance(await people.entrance.by_link(again, PASSWORD, OFFICE), Entered)
    assert await people.accounts.first() is None, "there is one now"


async def test_a_first_administrator_beside_somebody_who_is_called_so(folk: Folk) -> None:
    await folk.add("admin", Role.OPERATOR)
    assert await folk.people.accounts.first() is not None
    assert await states(folk) == {"admin": "active", "admin2": "waiting"}


async def test_commands_answer_in_plain_values(folk: Folk) -> None:
    asked = {"do": "add", "login": "li", "name": "Li", "role": "committee", "campaigns": ["other"]}
    assert set(await carry_out(folk.people, asked)) == {"token"}
    assert await carry_out(folk.people, asked) == {"refused": "login_taken"}
    assert await carry_out(folk.people, {"do": "disable", "login": "li"}) == {}
    (row,) = (await carry_out(folk.people, {"do": "list"}))["users"]
    assert row == {
        "login": "li",
        "name": "Li",
        "role": "committee",
        "campaigns": ["other"],
        "state": "disabled",
        "second_factor": False,
        "signed_in_ms": None,
    }
    with structlog.testing.capture_logs() as logged:
        await folk.people.accounts.log_all()
    stands = {one["account"]: one for one in logged if one["event"] == "account_stands"}
    assert set(stands) == set(await states(folk))
    assert {name: stands["li"][name] for name in ("role", "campaigns", "state")} == {
        "role": "committee", "campaigns": ["other"], "state": "disabled",
    }  # fmt: skip
    assert await carry_out(folk.people, {"do": "enable", "login": "li"}) == {}
    assert set(await carry_out(folk.people, {"do": "reset", "login": "li"})) == {"token"}
    with pytest.raises(ValueError, match="dance"):
        await carry_out(folk.people, {"do": "dance"})


async def test_nothing_stands_in_the_database_or_the_log_in_clear(folk: Folk) -> None:
    people = folk.people
    with structlog.testing.capture_logs() as logged:
        link = await people.accounts.add("li", "Li", Role.COMMITTEE, (), by="chief")
        entered = await people.entrance.by_link(link, PASSWORD, OFFICE)
        assert isinstance(entered, Entered)
        account = await people.accounts.named("li")
        secret, _ = people.entrance.offer_second(account)
        await folk.enter("li", "a wrong password", NEW)
        await folk.enter(OTHER, "typed into the wrong field", NEW)
        await people.accounts.reset("li", by="chief")
    files = b"".join(path.read_bytes() for path in folk.store.path.parent.glob("people.db*"))
    secrets = (link, entered.token, PASSWORD, OFFICE.browser, NEW.browser, OFFICE.address)
    for word in secrets:
        assert word.encode() not in files
        assert word not in str(logged)
    assert secret not in files
    assert OTHER not in str(logged), "what was typed as a login may be a password"
    assert [one["event"] for one in logged] == [
        "account_added", "link_used", "signed_in", "sign_in_failed", "sign_in_failed", "account_reset",
    ]  # fmt: skip
    assert [one.get("account") for one in logged[3:5]] == ["li", None]


def test_the_tables_are_found_by_their_keys() -> None:
    """No statement about a session reads a whole table: they run for every page."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate.apply(db)
        for name in ("session", "see-session", "end-session", "account-named", "knows", "welcome"):
            nothing = [None] * SQL[name].count("?")
            told = [step for *_, step in db.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", nothing)]
            assert all(step.startswith("SEARCH") for step in told), (name, told)
