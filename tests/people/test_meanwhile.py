"""What is done to an account while its owner, or somebody else, is on the way in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from argon2 import PasswordHasher

from gateway.people.entrance import Denied, Entered, NeedsCode
from gateway.people.passwords import Passwords
from gateway.people.store import SessionOver
from tests.people.folks import NEW, OFFICE, OTHER, PASSWORD, Folk
from tests.people.test_entrance import code, with_second


@asynccontextmanager
async def crowd(folk: Folk) -> AsyncIterator[None]:
    """So many passwords are hashed that one that is asked for now is looked at only after the block."""
    passwords: Passwords = folk.people.entrance._passwords
    async with passwords._known, passwords._strangers:
        yield


async def while_looked_at(folk: Folk, asked: Awaitable[Any], *done: Awaitable[Any]) -> Any:
    """What was asked for, where something is done before the password has been looked at."""
    async with crowd(folk):
        task = asyncio.ensure_future(asked)
        await asyncio.sleep(0.1)
        assert not task.done()
        for one in done:
            await one
    return await task


async def test_a_reset_ends_also_a_sign_in_that_is_under_way(folk: Folk) -> None:
    await folk.add("li")
    answer = await while_looked_at(folk, folk.enter("li"), folk.people.accounts.reset("li", by="chief"))
    assert answer == Denied("stale")


async def test_so_does_being_disabled_and_enabled_again(folk: Folk) -> None:
    await folk.add("li")
    accounts = folk.people.accounts
    assert await while_looked_at(folk, folk.enter("li"), accounts.disable("li", by="chief")) == Denied(
        "stale"
    )
    await accounts.enable("li", by="chief")
    account = await accounts.named("li")
    assert await folk.people.sessions.listed(account) == []


async def test_with_another_password_nobody_comes_in_by_the_one_before(folk: Folk) -> None:
    token = await folk.add("li")
    entrance, account = folk.people.entrance, await folk.people.accounts.named("li")
    async with crowd(folk):
        changing = asyncio.create_task(entrance.change_password(account, OTHER, token))
        await asyncio.sleep(0.1)  # it is the first to have its turn
        entering = asyncio.create_task(folk.enter("li", at=NEW))
        await asyncio.sleep(0.1)
    await changing
    assert await entering in (Denied("wrong"), Denied("stale"))
    assert len(await folk.people.sessions.listed(account)) == 1


async def test_a_password_cannot_be_chosen_past_a_reset(folk: Folk) -> None:
    """Whoever found a session open, and the password, would keep the account, and void its owner's link."""
    token = await folk.add("li")
    entrance, account, links = folk.people.entrance, await folk.people.accounts.named("li"), []

    async def reset() -> None:
        links.append(await folk.people.accounts.reset("li", by="chief"))

    with pytest.raises(SessionOver):
        await while_looked_at(folk, entrance.change_password(account, OTHER, token), reset())
    assert (await folk.people.accounts.named("li")).password is None
    assert isinstance(await entrance.by_link(links[0], PASSWORD, OFFICE), Entered)


async def test_a_second_factor_cannot_be_set_or_removed_past_a_reset(folk: Folk) -> None:
    secret = await with_second(folk)
    entrance, account = folk.people.entrance, await folk.people.accounts.named("li")
    held = await folk.enter("li")
    assert isinstance(held, NeedsCode)
    entered = await entrance.by_code(held.ticket, code(folk, secret), OFFICE)
    assert isinstance(entered, Entered)
    folk.clock.ms += 30_000
    await folk.people.accounts.reset("li", by="chief")
    with pytest.raises(SessionOver):
        await entrance.set_second(account, secret, code(folk, secret), entered.token)
    with pytest.raises(SessionOver):
        await entrance.remove_second(account, entered.token)
    assert (await folk.people.accounts.named("li")).second is None


async def test_what_somebody_may_do_in_their_session_they_may_not_in_anothers(folk: Folk) -> None:
    await folk.add("li")
    other = await folk.add("wang")
    with pytest.raises(SessionOver):
        await folk.people.entrance.change_password(await folk.people.accounts.named("li"), OTHER, other)


def outdated(folk: Folk) -> Awaitable[Any]:
    """Passwords are kept by other parameters than today's."""
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    return folk.store.run(lambda db: db.execute("UPDATE accounts SET password = ?", (old,)))


async def test_a_hash_made_anew_does_not_bring_back_what_was_reset(folk: Folk) -> None:
    await folk.add("li")
    await outdated(folk)
    passwords, accounts = folk.people.entrance._passwords, folk.people.accounts

    async def reset() -> None:
        async with passwords._known:
            await accounts.reset("li", by="chief")

    async with crowd(folk):
        entering = asyncio.create_task(folk.enter("li"))
        await asyncio.sleep(0.1)
        resetting = asyncio.create_task(reset())  # its turn is after the look, and before the new hash
        await asyncio.sleep(0)
    await resetting
    assert await entering == Denied("stale")
    assert (await accounts.named("li")).password is None


async def test_a_code_is_taken_also_where_the_hash_was_made_anew(folk: Folk) -> None:
    secret = await with_second(folk)
    await outdated(folk)
    held = await folk.enter("li")
    assert isinstance(held, NeedsCode)
    assert isinstance(await folk.people.entrance.by_code(held.ticket, code(folk, secret), OFFICE), Entered)
