"""Signing in by the pages: links, cookies, codes, one's own account, everybody's; with TLS and without."""

import base64
import re
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from config.problems import Lang
from gateway.pages.words import WORDS as PUBLIC_WORDS
from gateway.pages.words_people import WORDS
from gateway.pages.words_staff import WORDS as STAFF_WORDS
from gateway.people.roles import Role
from tests.conftest import House, Visitor
from tests.intake.test_revise import CAMPAIGN
from tests.pages.browser import Browser, link_in
from tests.pages.reading import Page

PASSWORD, OTHER = "每天八点开门的窗口", "seven green lanterns"
SESSION, BROWSER = "televote-plain", "televote-plain-browser"


def small(house: House) -> None:
    """Passwords that are checked in less memory, and time."""
    house.edit(
        house.settings, 'key_file = "accounts.secret"', 'key_file = "accounts.secret"\nhashing = "small"'
    )


def setting(house: House, line: str) -> None:
    """Another line under [accounts]."""
    house.edit(house.settings, "[accounts]", f"[accounts]\n{line}")


@pytest_asyncio.fixture(name="visitor")
async def _visitor(house: House) -> AsyncIterator[Visitor]:
    small(house)
    async with house.serve() as visitor:
        yield visitor


async def link(
    visitor: Visitor, login: str = "li-na", role: Role = Role.COMMITTEE, name: str = "李娜"
) -> str:
    """The path of a link for somebody new."""
    assert visitor.server.people is not None
    return "/welcome/" + await visitor.server.people.accounts.add(login, name, role, (), by="the tests")


async def settled(visitor: Visitor, login: str = "li-na", role: Role = Role.COMMITTEE) -> Browser:
    """Somebody's browser, in which they have chosen their password and are signed in."""
    browser = Browser(visitor)
    answer = await browser.send(await link(visitor, login, role), password=PASSWORD, again=PASSWORD)
    assert answer.status == 303, answer.text
    return browser


def said(key: str, lang: Lang = "zh") -> str:
    text: str = getattr(WORDS.get(key) or STAFF_WORDS[key], lang)
    return text.partition("{")[0]


# ---- by a link ------------------------------------------------------------------------------------


async def test_from_the_link_to_the_room(visitor: Visitor) -> None:
    browser, path = Browser(visitor), await link(visitor)
    page = await browser.get(path)
    assert said("welcome") in page.text
    assert "李娜" in page.text
    answer = await browser.send(path, page, password=PASSWORD, again=PASSWORD)
    assert (answer.status, answer.location) == (303, "/committee")
    assert (await browser.get("/committee/beita-2018")).status == 200
    assert (await browser.get("/signin")).location == "/committee", "who is in need not sign in"
    gone = await browser.get(path)
    assert gone.status == 404
    assert said("link_gone") in gone.text


@pytest.mark.parametrize(
    ("password", "again", "word"),
    [
        ("", "", "short"),
        ("123456789012", "123456789012", "sequence"),
        ("li-na li-na 2018", "li-na li-na 2018", "known"),
        (PASSWORD, PASSWORD + "!", "differs"),
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_password_that_will_not_do(
    visitor: Visitor, password: str, again: str, word: str, lang: Lang
) -> None:
    browser, path = Browser(visitor), await link(visitor)
    answer = await browser.send(f"{path}?lang={lang}", password=password, again=again)
    assert answer.status == 400
    assert said(f"password_{word}", lang) in answer.text
    assert (await browser.send(path, password=PASSWORD, again=PASSWORD)).status == 303, "the link still works"


async def test_looking_at_a_link_does_not_use_it_up(visitor: Visitor) -> None:
    path = await link(visitor)
    for _ in range(3):
        assert (await Browser(visitor).get(path)).status == 200


# ---- by password ----------------------------------------------------------------------------------


async def test_whoever_has_other_campaigns_is_not_led_to_this_one(visitor: Visitor) -> None:
    assert visitor.server.people is not None
    browser = await settled(visitor)
    path = "/committee/beita-2018/rulings"
    assert path in (await browser.get("/committee/beita-2018")).text
    await visitor.service.store.run(lambda db: db.execute("UPDATE accounts SET campaigns = 'another'"))
    refused = await browser.get("/committee/beita-2018")
    assert (refused.status, path in refused.text) == (403, False)


async def test_in_and_out(visitor: Visitor) -> None:
    browser = await settled(visitor)
    first = browser.cookie(SESSION)["value"]
    out = await browser.send("/signout", await browser.get("/account"))
    assert out.location == "/signin?done=signed_out"
    assert SESSION not in browser.jar
    assert said("done_signed_out") in (await browser.get(out.location)).text
    assert (await browser.get("/committee")).location == "/signin?next=/committee"
    assert 'href="?next=/committee&amp;lang=en"' in (await browser.get("/signin?next=/committee")).text
    browser.jar[SESSION] = first
    assert (await browser.get("/committee")).status == 303, "and the session is over, not only forgotten"
    assert (await browser.sign_in("li-na", PASSWORD)).location == "/committee"
    assert browser.cookie(SESSION)["value"] != first


async def test_a_session_that_was_planted_is_not_taken_over(visitor: Visitor) -> None:
    await settled(visitor)
    browser = Browser(visitor)
    browser.jar[SESSION] = "planted"
    await browser.sign_in("li-na", PASSWORD)
    assert browser.cookie(SESSION)["value"] != "planted"


async def test_signing_in_as_somebody_else_ends_the_session_before(visitor: Visitor) -> None:
    browser = await settled(visitor)
    await settled(visitor, "wang", Role.OBSERVER)
    before = browser.jar.pop(SESSION)
    page = await browser.get("/signin")
    browser.jar[SESSION] = before
    assert (await browser.send("/signin", page, login="wang", password=PASSWORD)).location == "/observer"
    browser.jar[SESSION] = before
    assert (await browser.get("/account")).status == 303


@pytest.mark.parametrize(
    ("wanted", "leads"),
    [
        ("/committee/beita-2018", "/committee/beita-2018"),
        ("/committee/beita-2018/records", "/committee/beita-2018/records"),
        ("/committee", "/committee"),
        ("", "/committee"),
        ("/people", "/committee"),
        ("/committeex", "/committee"),
        ("//evil.example", "/committee"),
        ("/committee//evil.example", "/committee"),
        ("/committee/../people", "/committee"),
        ("https://evil.example/committee", "/committee"),
        ("/committee\r\nX: y", "/committee"),
        ("\\\\evil.example", "/committee"),
    ],
)
async def test_a_sign_in_leads_where_one_was_going_and_nowhere_else(
    visitor: Visitor, wanted: str, leads: str
) -> None:
    await settled(visitor)
    answer = await Browser(visitor).sign_in("li-na", PASSWORD, next=wanted)
    assert (answer.status, answer.location) == (303, leads)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_refusals_in_words(visitor: Visitor, lang: Lang) -> None:
    await settled(visitor)
    browser, path = Browser(visitor), f"/signin?lang={lang}"
    answer = await browser.send(path, login="<b>li-na", password=OTHER)
    assert answer.status == 403
    assert said("denied_wrong", lang) in answer.text
    assert "&lt;b&gt;li-na" in answer.text, "what was typed is still there, and does nothing"
    assert OTHER not in answer.text
    for _ in range(11):
        answer = await browser.send(path, login="li-na", password=OTHER)
    assert said("denied_wait", lang) in answer.text


async def test_strangers_guesses_do_not_stop_the_browser_that_was_here_before(visitor: Visitor) -> None:
    browser = await settled(visitor)
    await browser.send("/signout", await browser.get("/account"))
    stranger = Browser(visitor)
    for _ in range(12):
        answer = await stranger.sign_in("li-na", OTHER)
    assert said("denied_wait") in answer.text
    assert (await stranger.sign_in("li-na", PASSWORD)).status == 403
    assert (await browser.sign_in("li-na", PASSWORD)).status == 303


async def test_the_sign_in_has_a_token_of_its_own(visitor: Visitor) -> None:
    """Or somebody could sign another person in as themselves."""
    await settled(visitor)
    one, another = Browser(visitor), Browser(visitor)
    page = await one.get("/signin")
    assert (await another.send("/signin", page, login="li-na", password=PASSWORD)).status == 403


# ---- codes ----------------------------------------------------------------------------------------


def code(visitor: Visitor, page: str) -> str:
    """What an app shows that was given the secret on the page."""
    shown = re.search(r'class="copy">([A-Z2-7 ]+)<', page)
    assert shown is not None
    secret = base64.b32decode(shown[1].replace(" ", ""))
    return TOTP(secret, 6, SHA1(), 30).generate(visitor.house.clock.ms // 1000).decode()


async def test_a_second_factor_from_beginning_to_end(visitor: Visitor) -> None:
    browser, clock = await settled(visitor), visitor.house.clock
    account = await browser.get("/account")
    wrong = await browser.send("/account/second", account, current=OTHER)
    assert wrong.status == 403
    assert said("current_wrong") in wrong.text
    offered = await browser.send("/account/second", account, current=PASSWORD)
    assert 'class="qr"' in offered.text
    refused = await browser.send("/account/second/confirm", offered, code="000000")
    assert (refused.status, said("denied_code") in refused.text) == (403, True)
    shown = offered.text
    done = await browser.send("/account/second/confirm", offered, code=code(visitor, shown))
    assert done.location == "/account?done=second"

    clock.ms += 30_000
    again = Browser(visitor)
    asked = await again.sign_in("li-na", PASSWORD)
    assert (asked.status, said("code_heading") in asked.text) == (200, True)
    assert SESSION not in again.jar
    refused = await again.send("/signin", asked, code="000000")
    assert said("denied_code") in refused.text
    entered = await again.send("/signin", refused, code=code(visitor, shown))
    assert (entered.status, entered.location) == (303, "/committee")
    replayed = await Browser(visitor).sign_in("li-na", PASSWORD)
    assert (await Browser(visitor).send("/signin", replayed, code=code(visitor, shown))).status == 403

    account = await again.get("/account")
    assert (await again.send("/account/second/remove", account, current=PASSWORD)).status == 303
    assert (await Browser(visitor).sign_in("li-na", PASSWORD)).status == 303


async def test_a_form_with_a_secret_that_was_not_offered_sets_nothing(visitor: Visitor) -> None:
    browser = await settled(visitor)
    account = await browser.get("/account")
    answer = await browser.send("/account/second/confirm", account, sealed="00" * 36, code="000000")
    assert answer.location == "/account"


# ---- one's own account ----------------------------------------------------------------------------


async def test_another_password(visitor: Visitor) -> None:
    browser = await settled(visitor)
    elsewhere = Browser(visitor)
    await elsewhere.sign_in("li-na", PASSWORD)
    page = await browser.get("/account")
    for fields, status, key in (
        ({"current": PASSWORD, "password": "short", "again": "short"}, 400, "password_short"),
        ({"current": PASSWORD, "password": OTHER, "again": "x"}, 400, "password_differs"),
        ({"current": OTHER, "password": OTHER, "again": OTHER}, 403, "current_wrong"),
    ):
        answer = await browser.send("/account/password", page, **fields)
        assert (answer.status, said(key) in answer.text) == (status, True)
    answer = await browser.send("/account/password", page, current=PASSWORD, password=OTHER, again=OTHER)
    assert answer.location == "/account?done=password"
    assert (await elsewhere.get("/account")).status == 303, "the others have ended"
    assert (await browser.get("/account")).status == 200
    assert (await Browser(visitor).sign_in("li-na", PASSWORD)).status == 403
    assert (await Browser(visitor).sign_in("li-na", OTHER)).status == 303


async def test_another_language_on_a_page_that_answers_a_form(visitor: Visitor) -> None:
    browser = await settled(visitor)
    answer = await browser.send("/account/password", await browser.get("/account"), current="x")
    assert answer.status == 400
    led = await browser.send("/account/language", answer, lang="en")
    assert (await browser.get(led.location)).status == 200


async def test_sessions_are_listed_and_ended(visitor: Visitor) -> None:
    browser, elsewhere = await settled(visitor), Browser(visitor)
    await elsewhere.sign_in("li-na", PASSWORD)
    page = await browser.get("/account")
    assert page.text.count("Firefox 140, Linux") == 2
    assert browser.cookie(SESSION)["value"] not in page.text
    (button,) = Page(page.text).all("button", name="session")
    await browser.send("/account/sessions", page, session=button["value"])
    assert (await elsewhere.get("/account")).status == 303
    await elsewhere.sign_in("li-na", PASSWORD)
    assert (await browser.send("/account/sessions", page)).location == "/account?done=session"
    assert (await elsewhere.get("/account")).status == 303
    assert (await browser.send("/account/sessions", page, session="no hex")).status == 400


async def test_a_language_that_stays(visitor: Visitor) -> None:
    browser = await settled(visitor)
    page = await browser.get("/committee/beita-2018")
    answer = await browser.send("/account/language", page, lang="en", next="/committee/beita-2018")
    assert answer.location == "/committee/beita-2018"
    assert "Sign out" in (await browser.get("/account")).text
    assert "Sign out" in (await Browser(visitor, jar=browser.jar).get("/account")).text
    for wanted in (
        "//evil.example",
        "https://evil.example",
        "/a\r\nX: y",
        "/a?to=//evil",
        "/a?b\\c",
        "/a?b#c",
        "/?a",
        "",
    ):
        answer = await browser.send("/account/language", page, lang="xx", next=wanted)
        assert answer.location == "/account"
    assert "退出" in (await browser.get("/account?lang=zh")).text


async def test_the_language_buttons_keep_the_place_and_lose_nothing_typed(visitor: Visitor) -> None:
    chief = await settled(visitor, "chief", Role.ADMINISTRATOR)
    page = await chief.get("/account?lang=en&done=password&x=1-5.2-7%20a")
    (kept,) = Page(page.text).all("input", name="next")
    assert kept["value"] == "/account?done=password&x=1-5.2-7+a"
    assert Page(page.text).all("a", href="/account", aria_current="page")
    assert (await chief.send("/account/language", page, lang="en")).location == kept["value"]
    foreign = await chief.get("/account?to=https://evil.example")
    assert Page(foreign.text).all("input", name="next", value="/account")
    refused = await chief.send("/people", await chief.get("/people"), name="A", login="?", role="operator")
    assert refused.status == 400
    assert not Page(refused.text).all("button", name="lang"), "its answer would be another page"


# ---- everybody's accounts -------------------------------------------------------------------------


async def test_an_administrator_makes_and_takes_away_an_account(visitor: Visitor) -> None:
    chief = await settled(visitor, "chief", Role.ADMINISTRATOR)
    page = await chief.get("/people")
    made = await chief.send("/people", page, name="<i>赵磊", login="zhao", role="operator")
    assert (made.status, "&lt;i&gt;赵磊" in made.text, "<i>赵磊" in made.text) == (200, True, False)
    zhao = Browser(visitor)
    assert (await zhao.send(link_in(made.text), password=OTHER, again=OTHER)).location == "/operator"
    assert link_in(made.text) not in (await chief.get("/people")).text, "a link is shown once"

    person = await chief.get("/people/zhao")
    answer = await chief.send("/people/zhao", person, name="赵磊", role="committee")
    assert answer.location == "/people?done=changed"
    assert (await zhao.get("/operator")).status == 303, "with another role the session ends"
    assert (await zhao.sign_in("zhao", OTHER)).location == "/committee"

    assert (await chief.send("/people/zhao/disable", person)).location == "/people?done=disabled"
    assert (await zhao.get("/committee")).status == 303
    assert (await zhao.sign_in("zhao", OTHER)).status == 403
    assert (await chief.send("/people/zhao/enable", person)).location == "/people?done=enabled"
    reset = await chief.send("/people/zhao/reset", person)
    assert (await zhao.sign_in("zhao", OTHER)).status == 403
    assert (await zhao.send(link_in(reset.text), password=OTHER, again=OTHER)).status == 303


async def test_an_administrator_of_one_vote_has_nothing_to_do_with_the_accounts_of_others(
    visitor: Visitor,
) -> None:
    await visitor.sign_in(Role.ADMINISTRATOR, "everywhere")
    await visitor.sign_in(Role.COMMITTEE, "of-all-votes")
    await visitor.sign_in(Role.COMMITTEE, "of-this-vote", [CAMPAIGN])
    chief = await visitor.sign_in(Role.ADMINISTRATOR, "chief", [CAMPAIGN])
    page = (await chief.get("/people")).text
    assert [login in page for login in ("everywhere", "of-all-votes", "of-this-vote")] == [False, False, True]
    for path in ("", "/disable", "/enable", "/reset"):
        answer = await chief.post(f"/people/of-all-votes{path}", name="x", role="committee")
        assert answer.status == 404, path
    assert (await chief.get("/people/of-all-votes")).status == 404
    assert (await chief.post("/people", name="new", login="new", role="committee")).status == 200
    assert (await chief.post("/people/of-this-vote", name="new", role="observer")).status == 303
    assert visitor.server.people is not None
    for login in ("new", "of-this-vote"):
        account = await visitor.server.people.accounts.named(login)
        assert account.campaigns == CAMPAIGN, "nobody gives more than they have"


@pytest.mark.parametrize(
    ("path", "fields", "status", "key"),
    [
        ("/people", {"name": "A", "login": "a b", "role": "operator"}, 400, "refused_login_shape"),
        ("/people", {"name": "A", "login": "chief", "role": "operator"}, 400, "refused_login_taken"),
        ("/people", {"name": " ", "login": "aa", "role": "operator"}, 400, "refused_name_shape"),
        ("/people", {"name": "A", "login": "aa", "role": "emperor"}, 400, "refused_unreadable"),
        ("/people/chief", {"name": "A", "role": "operator"}, 400, "refused_own"),
        ("/people/chief/disable", {}, 400, "refused_own"),
        ("/people/chief/reset", {}, 400, "refused_own"),
        ("/people/nobody", {"name": "A", "role": "operator"}, 404, "refused_unknown"),
        ("/people/nobody/disable", {}, 404, "refused_unknown"),
        ("/people/nobody/enable", {}, 404, "refused_unknown"),
        ("/people/nobody/reset", {}, 404, "refused_unknown"),
    ],
)
async def test_what_an_administrator_cannot_do(
    visitor: Visitor, path: str, fields: dict[str, str], status: int, key: str
) -> None:
    chief = await settled(visitor, "chief", Role.ADMINISTRATOR)
    answer = await chief.send(path, await chief.get("/people"), **fields)
    assert (answer.status, said(key) in answer.text) == (status, True), answer.text
    assert (await chief.get("/people/nobody")).status == 404


async def test_a_refused_form_says_so_at_the_top_and_leads_to_the_field(visitor: Visitor) -> None:
    chief = await settled(visitor, "chief", Role.ADMINISTRATOR)
    taken = await chief.send("/people", await chief.get("/people"), name="A", login="chief", role="operator")
    wrong = await chief.send("/account/second", await chief.get("/account"), current="x")
    for answer, field in ((taken, "login"), (wrong, "second-current")):
        page = Page(answer.text)
        assert len(page.all("div", class_="notice bad", role="alert")) == 1
        assert page.all("a", href=f"#{field}")
        assert page.all("input", id=field)


async def test_the_pages_are_well_formed_and_every_field_has_its_label(visitor: Visitor) -> None:
    chief = await settled(visitor, "chief", Role.ADMINISTRATOR)
    texts = [
        (await chief.get(path)).text for path in ("/people", "/people/chief", "/account", "/people/nobody")
    ]
    texts += [
        (await Browser(visitor).get(path)).text for path in ("/signin", await link(visitor), "/welcome/x")
    ]
    made = await chief.send("/people", name="A", login="aa", role="observer")
    for text in (*texts, made.text):
        page = Page(text)
        assert page.unbalanced == []
        labels = {one["for"] for one in page.all("label") if "for" in one}
        for one in [*page.all("input"), *page.all("select"), *page.all("textarea")]:
            hidden = one.get("type") in ("hidden", "radio", "checkbox") or "aria-hidden" in one
            assert hidden or one["id"] in labels, one
        assert len({one["id"] for _, one in page.elements if "id" in one}) == sum(
            "id" in one for _, one in page.elements
        )


def test_every_word_is_there_in_both_languages() -> None:
    for words in (WORDS, STAFF_WORDS):
        for key, one in words.items():
            assert one.zh, key
            assert one.en, key
            assert re.findall(r"\{\w*\}", one.zh) == re.findall(r"\{\w*\}", one.en), key
    assert not set(WORDS) & set(STAFF_WORDS)
    assert STAFF_WORDS["lang"] == PUBLIC_WORDS["lang"]


# ---- with TLS, and without ------------------------------------------------------------------------

HOST = "https://vote.example"


async def test_cookies_over_tls(house: House) -> None:
    small(house)
    house.edit(house.settings, 'listen = "127.0.0.1:0"', f'listen = "127.0.0.1:0"\npublic_url = "{HOST}"')
    async with house.serve() as visitor:
        browser = Browser(visitor, "vote.example", "https")
        answer = await browser.send(await link(visitor), password=PASSWORD, again=PASSWORD)
        assert answer.status == 303
        strict = {"path": "/", "secure": "True", "httponly": "True", "samesite": "Strict"}
        session, known = browser.cookie("__Host-televote"), browser.cookie("__Host-televote-browser")
        assert {**session, "value": ""} == {**strict, "value": ""}, "no domain, and no age"
        assert {**known, "value": "", "max-age": ""} == {**strict, "value": "", "max-age": ""}
        assert len(session["value"]) == 43, "256 bits"
        page = await browser.get("/account")
        assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
        browser.jar = SimpleCookie({SESSION: session["value"]})
        assert (await browser.get("/account")).status == 303, "over TLS, a cookie of another name is nobody's"


async def test_on_the_machine_itself_plain_http_will_do(visitor: Visitor) -> None:
    browser = await settled(visitor)
    assert browser.cookie(SESSION).keys() == {"value", "path", "httponly", "samesite"}
    assert "Strict-Transport-Security" not in (await browser.get("/account")).headers


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("192.0.2.5:8080", {}),
        ("vote.example", {}),
        ("vote.example", {"X-Forwarded-Proto": "https"}),  # says who? no proxy is trusted
    ],
)
async def test_from_elsewhere_plain_http_is_refused(
    visitor: Visitor, host: str, headers: dict[str, str]
) -> None:
    path = await link(visitor)
    settled_in = await settled(visitor, "wang")
    browser = Browser(visitor, host, headers=headers, jar=settled_in.jar)
    for page in ("/signin", path):
        answer = await browser.get(page)
        assert (answer.status, said("refused_insecure") in answer.text) == (403, True)
    assert (await browser.get("/account")).status == 303, "nor is a session taken that was begun here"


async def test_the_switch_for_a_network_that_is_trusted(house: House) -> None:
    small(house)
    setting(house, "insecure_http = true")
    async with house.serve() as visitor:
        assert [one.key for one in house.load().warnings] == ["accounts.insecure_http"]
        browser = Browser(visitor, "192.0.2.5:8080")
        answer = await browser.send(await link(visitor), password=PASSWORD, again=PASSWORD)
        assert answer.status == 303
        assert "secure" not in browser.cookie(SESSION)


async def test_a_trusted_proxy_says_that_it_spoke_tls_and_from_where(house: House) -> None:
    small(house)
    house.edit(
        house.settings, 'listen = "127.0.0.1:0"', 'listen = "127.0.0.1:0"\ntrusted_proxies = ["127.0.0.1"]'
    )
    async with house.serve() as visitor:
        over = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.9"}
        browser = Browser(visitor, "vote.example", "https", over)
        assert (await browser.send(await link(visitor), password=PASSWORD, again=PASSWORD)).status == 303
        assert "__Host-televote" in browser.jar
        clear = Browser(visitor, "localhost", headers={"X-Forwarded-For": "192.0.2.9"})
        assert (await clear.get("/signin")).status == 403, "the sender is not on this machine"


async def test_without_a_key_there_are_no_pages_for_people(house: House) -> None:
    house.edit(house.settings, 'key_file = "accounts.secret"', "")
    async with house.serve() as visitor:
        assert visitor.server.people is None
        for path in ("/signin", "/people", "/committee", "/operator", "/welcome/x"):
            assert (await visitor.get(path))[0] == 404
        assert await visitor.kannel("13812345678", "A01") == 200
