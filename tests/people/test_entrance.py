"""Signing in: by password, by code, under attack; sessions and how long they last."""

import asyncio
from unittest.mock import ANY

import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from gateway.people import accounts, passwords, sessions
from gateway.people.entrance import TICKET_MS, Denied, Entered, NeedsCode
from gateway.people.passwords import PARAMETERS, Crowded, Passwords
from gateway.people.places import KNOWN_MS, From
from gateway.people.roles import Role
from gateway.people.throttle import LIMITS
from tests.people.folks import AWAY, NEW, OFFICE, OTHER, PASSWORD, Folk

MINUTE, HOUR = 60_000, 3_600_000


# ---- passwords ------------------------------------------------------------------------------------


def test_the_parameters_are_the_published_ones() -> None:
    standard, small = PARAMETERS["standard"], PARAMETERS["small"]
    assert (standard.memory_cost, standard.time_cost, standard.parallelism) == (65_536, 3, 4)
    assert (small.memory_cost, small.time_cost, small.parallelism) == (19_456, 2, 1)
    assert {one.type.name for one in PARAMETERS.values()} == {"ID"}


async def test_the_standard_hash() -> None:
    hasher = Passwords("standard")
    hashed = await hasher.hash(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await hasher.check(hashed, PASSWORD, known=False)
    assert not await hasher.check(hashed, OTHER, known=True)
    assert not await hasher.check(None, "nobody's", known=True), "no account has the password of nobody"
    assert not await hasher.check("not a hash", PASSWORD, known=True)


async def test_a_flood_of_strangers_leaves_a_way_in_for_those_who_are_known() -> None:
    hasher = Passwords("small")
    hashed = await hasher.hash(PASSWORD)
    flood = [asyncio.create_task(hasher.check(hashed, OTHER, known=False)) for _ in range(30)]
    await asyncio.sleep(0)
    assert await hasher.check(hashed, PASSWORD, known=True)
    assert any(not one.done() for one in flood), "they are not waited for"
    ended = await asyncio.gather(*flood, return_exceptions=True)
    assert sum(isinstance(one, Crowded) for one in ended) == 30 - passwords._QUEUE


async def test_a_hash_by_other_parameters_is_made_anew_at_the_next_sign_in(folk: Folk) -> None:
    token = await folk.add("li")
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("每天八点开门的窗口")
    await folk.store.run(lambda db: db.execute("UPDATE accounts SET password = ?", (old,)))
    assert isinstance(await folk.enter("li"), Entered)
    hashed = (await folk.people.accounts.named("li")).password
    assert hashed is not None
    assert hashed.startswith("$argon2id$v=19$m=19456,")
    assert await folk.people.sessions.who(token) is not None, "and no session ends for it"


# ---- the first step -------------------------------------------------------------------------------


async def test_whoever_is_refused_is_not_told_why(folk: Folk) -> None:
    await folk.add("li")
    await folk.add("wang")
    await folk.people.accounts.disable("wang", by="chief")
    for login, password in (
        ("li", OTHER),
        ("wang", PASSWORD),
        ("nobody", PASSWORD),
        ("", ""),
        ("x" * 900, "y"),
    ):
        assert await folk.enter(login, password, AWAY) == Denied("wrong")


async def test_each_sign_in_has_a_session_of_its_own(folk: Folk) -> None:
    first = await folk.add("li")
    second = await folk.enter("li")
    assert isinstance(second, Entered)
    assert second.token != first
    account = await folk.people.accounts.named("li")
    assert len(await folk.people.sessions.listed(account)) == 2


async def test_guessing_at_an_account_is_slowed_down_and_its_owner_is_not(folk: Folk) -> None:
    """The attack on the night: somebody keeps guessing at the committee, to lock it out."""
    await folk.add("li")
    heard = [await folk.enter("li", OTHER, AWAY) for _ in range(LIMITS["account"].free + 3)]
    assert [one.word for one in heard if isinstance(one, Denied)].count("wrong") == LIMITS["account"].free
    assert heard[-1] == Denied("wait", ANY)
    assert await folk.enter("li", PASSWORD, AWAY) == Denied("wait", ANY), "not even the right one is tried"
    assert isinstance(await folk.enter("li"), Entered), "the owner, at the usual browser"
    assert isinstance(await folk.enter("li", at=NEW), Entered), "and at another one in the same office"
    folk.clock.ms += LIMITS["account"].longest_ms
    assert isinstance(await folk.enter("li", PASSWORD, AWAY), Entered), "and from elsewhere, in time"


async def test_the_owner_waits_for_the_owners_own_mistakes_only(folk: Folk) -> None:
    await folk.add("li")
    for _ in range(LIMITS["own"].free):
        assert await folk.enter("li", OTHER) == Denied("wrong")
    assert await folk.enter("li") == Denied("wait", 1_000)
    folk.clock.ms += 1_000
    assert isinstance(await folk.enter("li"), Entered)
    assert await folk.enter("li", OTHER) == Denied("wrong"), "and then begins anew"


async def test_at_a_known_address_a_new_browser_for_each_guess_is_no_way_around(folk: Folk) -> None:
    await folk.add("li")
    answers = [
        await folk.enter("li", OTHER, From(OFFICE.address, f"browser-{n}", ""))
        for n in range(LIMITS["own"].free + 1)
    ]
    assert answers[-1] == Denied("wait", ANY)


async def test_a_link_of_the_administrators_is_the_way_back_in(folk: Folk) -> None:
    """Recovery while an attack goes on: from anywhere."""
    await folk.add("li")
    for _ in range(LIMITS["account"].free + 3):
        await folk.enter("li", OTHER, AWAY)
    link = await folk.people.accounts.reset("li", by="televote users")
    at = From("203.0.113.5", "a-third-browser", "")
    assert isinstance(await folk.people.entrance.by_link(link, OTHER, at), Entered)
    assert isinstance(await folk.enter("li", OTHER, at), Entered), "which is known from now on"


async def test_where_one_was_is_forgotten_in_time(folk: Folk) -> None:
    await folk.add("li")
    folk.clock.ms += KNOWN_MS + 1
    for _ in range(LIMITS["account"].free):
        await folk.enter("li", OTHER, AWAY)
    assert await folk.enter("li") == Denied("wait", ANY)


async def test_an_undeclared_proxys_address_makes_nobody_known(folk: Folk) -> None:
    proxied = From("127.0.0.1", "office-browser", "")
    await folk.add("li", at=proxied)
    for _ in range(LIMITS["account"].free):
        await folk.enter("li", OTHER, From("127.0.0.1", "a-strangers", ""))
    assert await folk.enter("li", at=From("127.0.0.1", "another", "")) == Denied("wait", ANY)
    assert isinstance(await folk.enter("li", at=proxied), Entered), "the browser still does"


async def test_only_so_many_places_are_remembered(folk: Folk) -> None:
    await folk.add("li")
    for n in range(30):
        folk.clock.ms += 1
        assert isinstance(await folk.enter("li", at=From("192.0.2.10", f"browser-{n}", "")), Entered)
    assert await folk.store.run(lambda db: db.execute("SELECT count(*) FROM known").fetchone()[0]) == 20


# ---- the second step ------------------------------------------------------------------------------


async def with_second(folk: Folk, login: str = "li") -> bytes:
    """Somebody with a second factor; returns its secret."""
    token = await folk.add(login)
    account = await folk.people.accounts.named(login)
    secret, sealed = folk.people.entrance.offer_second(account)
    assert folk.people.entrance.offered(account, sealed) == secret
    assert not await folk.people.entrance.set_second(account, secret, "000000", token)
    assert await folk.people.entrance.set_second(account, secret, code(folk, secret), token)
    folk.clock.ms += 30_000
    return secret


def code(folk: Folk, secret: bytes) -> str:
    return TOTP(secret, 6, SHA1(), 30).generate(folk.clock.ms // 1000).decode()


async def ticket(folk: Folk, at: From = OFFICE) -> str:
    answer = await folk.enter("li", at=at)
    assert isinstance(answer, NeedsCode)
    return answer.ticket


async def test_a_code_is_asked_for_after_the_right_password_only(folk: Folk) -> None:
    secret = await with_second(folk)
    assert await folk.enter("li", OTHER) == Denied("wrong")
    entered = await folk.people.entrance.by_code(await ticket(folk), code(folk, secret), OFFICE)
    assert isinstance(entered, Entered)
    assert await folk.people.sessions.who(entered.token) is not None


async def test_a_code_counts_once(folk: Folk) -> None:
    secret = await with_second(folk)
    used = code(folk, secret)
    assert isinstance(await folk.people.entrance.by_code(await ticket(folk), used, OFFICE), Entered)
    assert await folk.people.entrance.by_code(await ticket(folk), used, OFFICE) == Denied("code")
    folk.clock.ms += 30_000
    assert await folk.people.entrance.by_code(await ticket(folk), used, OFFICE) == Denied("code")
    assert isinstance(
        await folk.people.entrance.by_code(await ticket(folk), code(folk, secret), OFFICE), Entered
    )


async def test_two_who_see_the_same_code_do_not_both_get_in(folk: Folk) -> None:
    secret = await with_second(folk)
    held, seen = await ticket(folk), code(folk, secret)
    answers = await asyncio.gather(*(folk.people.entrance.by_code(held, seen, OFFICE) for _ in range(5)))
    assert sum(isinstance(one, Entered) for one in answers) == 1


async def test_a_ticket_is_for_one_browser_one_password_and_five_minutes(folk: Folk) -> None:
    secret = await with_second(folk)
    by_code = folk.people.entrance.by_code
    held = await ticket(folk)
    assert await by_code(held, code(folk, secret), AWAY) == Denied("stale")
    login, until, signed = held.split(".")
    for forged in (
        "", "li", "..", "a.b.c", f"li.{until}.", f"li.{int(until) + 1}.{signed}", f"wang.{until}.{signed}",
        f"{login}.{until}.{signed[:-1]}é", f"{login}.x.{signed}",
    ):  # fmt: skip
        assert await by_code(forged, code(folk, secret), OFFICE) == Denied("stale"), forged
    folk.clock.ms += TICKET_MS
    assert await by_code(held, code(folk, secret), OFFICE) == Denied("stale")
    entered = await by_code(await ticket(folk), code(folk, secret), OFFICE)
    assert isinstance(entered, Entered)
    held = await ticket(folk)
    folk.clock.ms += 30_000
    await folk.people.entrance.change_password(await folk.people.accounts.named("li"), OTHER, entered.token)
    assert await by_code(held, code(folk, secret), OFFICE) == Denied("stale")


async def test_guessing_at_codes_is_slowed_down(folk: Folk) -> None:
    """By somebody who has the password, from elsewhere; its owner does not wait for them."""
    secret = await with_second(folk)
    held = await ticket(folk, AWAY)
    heard = [await folk.people.entrance.by_code(held, "000000", AWAY) for _ in range(LIMITS["code"].free + 1)]
    assert heard == [Denied("code")] * LIMITS["code"].free + [Denied("wait", ANY)]
    assert isinstance(
        await folk.people.entrance.by_code(await ticket(folk), code(folk, secret), OFFICE), Entered
    )


async def test_without_the_telephone_a_reset_is_the_way_back_in(folk: Folk) -> None:
    await with_second(folk)
    link = await folk.people.accounts.reset("li", by="televote users")
    assert isinstance(await folk.people.entrance.by_link(link, OTHER, OFFICE), Entered)
    assert isinstance(await folk.enter("li", OTHER), Entered), "no code is asked for"


async def test_a_second_factor_can_be_given_up(folk: Folk) -> None:
    secret = await with_second(folk)
    entered = await folk.people.entrance.by_code(await ticket(folk), code(folk, secret), OFFICE)
    assert isinstance(entered, Entered)
    await folk.people.entrance.remove_second(await folk.people.accounts.named("li"), entered.token)
    assert isinstance(await folk.enter("li"), Entered)


async def test_an_offered_secret_is_for_one_account(folk: Folk) -> None:
    await folk.add("li")
    await folk.add("wang")
    entrance, named = folk.people.entrance, folk.people.accounts.named
    _, sealed = entrance.offer_second(await named("li"))
    assert entrance.offered(await named("wang"), sealed) is None
    for nonsense in ("", "zz", sealed[:-2], sealed[:-1]):
        assert entrance.offered(await named("li"), nonsense) is None


# ---- one's own password, asked again --------------------------------------------------------------


async def test_proving_oneself_again(folk: Folk) -> None:
    token = await folk.add("li")
    other = await folk.enter("li", at=NEW)
    assert isinstance(other, Entered)
    entrance, account = folk.people.entrance, await folk.people.accounts.named("li")
    assert await entrance.proves(account, PASSWORD) is None
    for _ in range(LIMITS["own"].free):
        assert await entrance.proves(account, OTHER) == Denied("wrong")
    assert await entrance.proves(account, PASSWORD) == Denied("wait", ANY)
    await entrance.change_password(account, OTHER, token)
    assert await folk.people.sessions.who(token) is not None
    assert await folk.people.sessions.who(other.token) is None, "all other sessions end"


# ---- sessions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
async def test_how_long_a_session_lasts(folk: Folk, role: Role) -> None:
    term = sessions.TERMS[role]
    idle, longest = {
        Role.OPERATOR: (HOUR, 12 * HOUR),
        Role.PANEL: (HOUR, 8 * HOUR),
        Role.OBSERVER: (12 * HOUR, 12 * HOUR),
    }.get(role, (15 * MINUTE, 8 * HOUR))
    assert term == (idle, longest)
    token, who, clock = await folk.add("li", role), folk.people.sessions.who, folk.clock
    began = clock.ms
    while clock.ms + term.idle_ms - 1 < began + term.longest_ms:
        clock.ms += term.idle_ms - 1
        assert await who(token) is not None
    clock.ms = began + term.longest_ms - 1
    assert await who(token) is not None
    clock.ms += 1
    assert await who(token) is None, "at its longest, however busy"
    entered = await folk.enter("li")
    assert isinstance(entered, Entered)
    clock.ms += term.idle_ms
    assert await who(entered.token) is None, "idle"
    clock.ms -= term.idle_ms
    assert await who(entered.token) is None, "it does not come back when the clock is set back"


async def test_looking_on_is_no_activity(folk: Folk) -> None:
    token, who = await folk.add("li"), folk.people.sessions.who
    for _ in range(14):
        folk.clock.ms += MINUTE
        assert await who(token, active=False) is not None
    folk.clock.ms += MINUTE
    assert await who(token, active=False) is None


async def test_what_is_done_is_noted_once_a_minute(folk: Folk) -> None:
    token, who = await folk.add("li"), folk.people.sessions.who
    account = await folk.people.accounts.named("li")
    for seconds, noted in ((59, 0), (1, 60), (59, 60), (1, 120)):
        folk.clock.ms += seconds * 1_000
        await who(token)
        (one,) = await folk.people.sessions.listed(account)
        assert (one.seen_ms - one.begun_ms) // 1_000 == noted


async def test_only_sessions_that_are_not_over_are_listed(folk: Folk) -> None:
    await folk.add("li")
    account = await folk.people.accounts.named("li")
    assert len(await folk.people.sessions.listed(account)) == 1
    folk.clock.ms += sessions.TERMS[account.signed_in().role].idle_ms
    assert await folk.people.sessions.listed(account) == []


async def test_sessions_can_be_ended_by_their_owner_alone(folk: Folk) -> None:
    people = folk.people
    first, other = await folk.add("li"), await folk.add("wang")
    second = await folk.enter("li", at=NEW)
    assert isinstance(second, Entered)
    li, wang = await people.accounts.named("li"), await people.accounts.named("wang")
    listed = {one.browser: one.token for one in await people.sessions.listed(li)}
    await people.sessions.end_one(wang.id, listed[NEW.kind])
    assert await people.sessions.who(second.token) is not None, "not by somebody else"
    await people.sessions.end_one(li.id, listed[NEW.kind])
    assert await people.sessions.who(second.token) is None
    third = await folk.enter("li", at=NEW)
    assert isinstance(third, Entered)
    await people.sessions.end_others(li.id, first)
    assert await people.sessions.who(third.token) is None
    assert await people.sessions.who(first) is not None
    assert await people.sessions.who(other) is not None
    await people.sessions.end(first)
    assert await people.sessions.who(first) is None


@pytest.mark.parametrize("token", ["", "x", "\ud800", "é" * 50, "0" * 64])
async def test_what_is_no_token_is_nobodys(folk: Folk, token: str) -> None:
    await folk.add("li")
    assert await folk.people.sessions.who(token) is None


def test_tokens_are_random_and_kept_as_hashes() -> None:
    tokens = {accounts.hashed(str(n)) for n in range(3)}
    assert len(tokens) == 3
    assert all(len(one) == 32 for one in tokens)
