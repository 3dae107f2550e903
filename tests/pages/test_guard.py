"""Nobody gets further than they may: every route, role and method; and no form that is not our own page's."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from gateway.pages import guard
from gateway.pages.words_staff import WORDS
from gateway.people.roles import Role
from tests.conftest import Answer, House, Staff, Visitor
from tests.pages.access import ROWS
from tests.pages.boards import next_event
from tests.pages.reading import Page

FILLED = {
    "id": "beita-2018",
    "campaign": "beita-2018",
    "file": "staff.css",
    "token": "no-such-token",
    "login": "nobody",
    "build": "none",
    "contest": "window",
    "number": "7",
    "node": "n1",
    "entry": "1",
    "code": "7Q4K-9XWM-2T0R",
    "tile": "entries/000",
    "name": "messages",
}
JSON = {"Accept": "application/json"}
#: What the guard says; whatever else is said, the request came through.
STOPPED = {"signed_out", "role", "campaign", "origin", "csrf", "insecure", "unauthorized"}


@asynccontextmanager
async def served(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Visitor, list[str]]]:
    """A server, and the routes of the applications that it runs, from their routers: "GET /people"."""
    checked: list[web.Application] = []
    real = guard.check
    monkeypatch.setattr(guard, "check", lambda app: (checked.append(app), real(app)))
    async with house.serve() as visitor:
        yield (
            visitor,
            [
                f"{route.method} {route.resource.canonical}"
                for app in checked
                for route in app.router.routes()
                if route.resource is not None
            ],
        )


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: FILLED[match[1]], path)


def may(access: str, role: Role | None) -> bool:
    return access == "public" or (role is not None and access in ("anybody", role))


async def anonymous(visitor: Visitor, method: str, path: str, headers: Mapping[str, str] = {}) -> Answer:
    """A request of somebody who is not signed in."""
    async with visitor.session.request(
        method, visitor.server.url + path, headers=headers, allow_redirects=False
    ) as response:
        text = "" if response.content_type == "text/event-stream" else await response.text(errors="replace")
        return Answer(response.status, text, response.headers)


def stopped(answer: Answer) -> bool:
    """Whether the guard has answered, not the page."""
    if answer.status not in (401, 403):
        return False
    return answer.headers["Content-Type"].startswith("application/json") and answer.json()["error"] in STOPPED


async def test_there_is_a_row_for_every_route_and_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(house, monkeypatch) as (_, routes):
        assert {route for route in routes if not route.startswith("HEAD ")} == set(ROWS)
        assert {route for route in routes if route.startswith("HEAD ")} <= {
            f"HEAD {row.removeprefix('GET ')}" for row in ROWS
        }


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role or "nobody")
async def test_every_route_for_everybody(
    house: House, monkeypatch: pytest.MonkeyPatch, role: Role | None
) -> None:
    """With a session and our own page's token, as far as they have them: only the role decides."""
    wrong = []
    async with served(house, monkeypatch) as (visitor, routes):
        for route in routes:
            method, path = route.split()
            access = ROWS["GET " + path if method == "HEAD" else route]
            if access == "owner":
                continue  # not on this server: see below
            answer = await ask(visitor, role, method, filled(path))
            came_through = not stopped(answer) if method != "HEAD" else answer.status not in (401, 403)
            if came_through != may(access, role) or answer.status >= 500:
                wrong.append(f"{route}: {answer.status} {answer.text[:60]}")
            if 200 <= answer.status < 300 and not may(access, role):
                wrong.append(f"{route}: {answer.status}")
    assert wrong == []


async def ask(visitor: Visitor, role: Role | None, method: str, path: str) -> Answer:
    """As a script of that role asks; signed in anew, for some routes end the session."""
    session = "" if role is None else (await visitor.sign_in(role)).token
    # A page that is for everybody has the browser's token; one for people, the session's.
    public = path.startswith(("/signin", "/welcome"))
    headers = {
        **JSON,
        "Origin": visitor.server.url,
        "X-CSRF-Token": guard.csrf_of("a-browser" if public else session),
        "Cookie": f"televote-plain={session}; televote-plain-browser=a-browser",
    }
    return await anonymous(visitor, method, path, headers)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_get_nowhere(house: House, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    async with served(house, monkeypatch) as (visitor, routes):
        paths = {route.split()[1] for route in routes if ROWS.get(route) != "owner"}
        for path in sorted(paths - {"/take", "/close", "/erase", "/users", "/status", "/exposition"}):
            if f"{method} {path}" in routes:
                continue
            answer = await ask(visitor, Role.COMMITTEE, method, filled(path))
            assert answer.status in (404, 405), (method, path, answer)


async def test_what_the_control_socket_does_is_not_on_the_server(house: House) -> None:
    async with house.serve() as visitor:
        for path in ("/take", "/close", "/erase", "/users", "/status", "/exposition"):
            for method in ("GET", "POST"):
                assert (await anonymous(visitor, method, path)).status == 404


async def test_only_its_owner_can_open_the_control_socket(house: House) -> None:
    async with house.serve():
        assert (house.folder / "control.sock").stat().st_mode & 0o777 == 0o600


def test_a_route_that_states_nothing_fails_the_start() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.add_routes(
        [guard.get("/stated", handler, guard.PUBLIC), web.get("/unstated", handler, allow_head=False)]
    )
    with pytest.raises(guard.Unstated, match="GET /unstated does not state"):
        guard.check(app)


def test_an_access_for_no_role_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody"):
        guard.only()


# ---- who is sent away, and how --------------------------------------------------------------------


async def test_a_browser_is_sent_to_the_sign_in_and_back(house: House) -> None:
    async with house.serve() as visitor:
        answer = await anonymous(visitor, "GET", "/committee/beita-2018?span=60")
        assert (answer.status, answer.location) == (303, "/signin?next=/committee/beita-2018")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_page_says_why_not(house: House, lang: str) -> None:
    async with house.serve() as visitor:
        operator = await visitor.sign_in(Role.OPERATOR)
        answer = await operator.get(f"/people?lang={lang}")
        assert answer.status == 403
        assert {"zh": "此页面不对您的角色开放", "en": "This page is not for your role"}[lang] in answer.text


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_script_is_told_why_not_in_words(house: House, lang: str) -> None:
    async with house.serve() as visitor:
        operator = await visitor.sign_in(Role.OPERATOR)
        refused = [
            await operator.ask("GET", f"/people?lang={lang}", JSON),
            await operator.ask("POST", f"/operator/beita-2018/calls?lang={lang}", JSON, data={"csrf": "x"}),
            await anonymous(visitor, "GET", f"/people?lang={lang}", JSON),
        ]
        for answer in refused:
            told = answer.json()
            assert told["text"] == getattr(WORDS[f"refused_{told['error']}_text"], lang)
        assert [answer.json()["error"] for answer in refused] == ["role", "origin", "signed_out"]


async def test_other_campaigns_are_closed_to_whoever_has_their_own(house: House) -> None:
    async with house.serve() as visitor:
        people = visitor.server.people
        assert people is not None
        staff = await visitor.sign_in(Role.COMMITTEE, "elsewhere", campaigns=["beita-2018"])
        assert (await staff.get("/committee/beita-2018")).status == 200
        assert (await staff.script("/committee/another/exports", {})).json()["error"] == "campaign"
        assert (await staff.get("/committee/another")).status == 403


async def test_nothing_for_people_is_kept_by_caches_or_framed(house: House) -> None:
    async with house.serve() as visitor:
        staff = await visitor.sign_in(Role.ADMINISTRATOR)
        for path in ("/people", "/account", "/people/none", "/operator"):
            headers = (await staff.get(path)).headers
            assert headers["Cache-Control"] == "no-store"
            policy = headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'")
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy


def test_no_template_has_script_or_style_in_it() -> None:
    for template in (Path(guard.__file__).parent / "templates").glob("*.html"):
        text = template.read_text("utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)|javascript:", text), (
            template
        )


@pytest.mark.parametrize(("lang", "said"), [("zh", "没有这个页面"), ("en", "Page not found")])
async def test_an_address_that_leads_nowhere_is_a_page_for_people(house: House, lang: str, said: str) -> None:
    page = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": lang}
    async with house.serve() as visitor:
        for path in ("/nothing", "/committee/beita-2018/nothing", "/people/a/b/c/d"):
            answer = await anonymous(visitor, "GET", path, page)
            assert (answer.status, answer.headers["Content-Language"][:2]) == (404, lang), path
            assert said in answer.text, path
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        for path in ("/in/none/none", "/api/none", "/ledger/none"):
            answer = await anonymous(visitor, "GET", path, page)
            assert (answer.status, "<html" in answer.text) == (404, False), path
        for method, headers in (("GET", {}), ("GET", JSON), ("POST", page)):
            answer = await anonymous(visitor, method, "/nothing", headers)
            assert (answer.status, answer.text) == (404, "404: Not Found")


async def test_signing_out_ends_what_another_tab_follows(house: House) -> None:
    async with house.serve() as visitor:
        staff = await visitor.sign_in(Role.COMMITTEE)
        url, cookie = visitor.server.url, {"Cookie": f"televote-plain={staff.token}"}
        async with visitor.session.get(f"{url}/committee/beita-2018/events", headers=cookie) as stream:
            assert await next_event(stream) is not None
            assert (await staff.post("/signout")).status == 303
            async with asyncio.timeout(5):
                while await next_event(stream) is not None:
                    pass


# ---- forms that are not ours ----------------------------------------------------------------------

OURS = "http://{host}"

#: name -> headers and form (None: leave it out), and what is said. "{host}" is the server's.
FORGERIES: dict[str, tuple[dict[str, str], dict[str, str | None], str]] = {
    "no token": ({}, {"csrf": None}, "csrf"),
    "an empty token": ({}, {"csrf": ""}, "csrf"),
    "another token": ({}, {"csrf": "0" * 64}, "csrf"),
    "the browser's token, not the session's": ({}, {"csrf": guard.csrf_of("a-browser")}, "csrf"),
    "a wrong token in the header": ({"X-CSRF-Token": "0" * 64}, {}, "csrf"),
    "a token beyond ASCII": ({"X-CSRF-Token": "é"}, {}, "csrf"),
    "another origin": ({"Origin": "https://evil.example"}, {}, "origin"),
    "an origin with our name in it": ({"Origin": "http://{host}.evil.example"}, {}, "origin"),
    "our origin over TLS, which we are not": ({"Origin": "https://{host}"}, {}, "origin"),
    "no origin that can be named": ({"Origin": "null"}, {}, "origin"),
    "an origin that is none": ({"Origin": "http://["}, {}, "origin"),
    "another port": ({"Origin": "http://127.0.0.1:1"}, {}, "origin"),
    "no origin": ({"Origin": ""}, {}, "origin"),
    "another referrer": ({"Origin": "-", "Referer": "https://evil.example/{host}"}, {}, "origin"),
    "neither origin nor referrer": ({"Origin": "-"}, {}, "origin"),
    "another site": ({"Sec-Fetch-Site": "cross-site"}, {}, "origin"),
    "a neighbouring site": ({"Sec-Fetch-Site": "same-site"}, {}, "origin"),
    "by the address line": ({"Sec-Fetch-Site": "none"}, {}, "origin"),
}


def unsafe() -> list[str]:
    """Every route that changes something, but the control socket's."""
    return [row for row, access in ROWS.items() if row.startswith("POST ") and access != "owner"]


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_what_our_pages_did_not_send_is_refused(house: House, forgery: str) -> None:
    given, fields, word = FORGERIES[forgery]
    async with house.serve() as visitor:
        host = visitor.server.url.removeprefix("http://")
        for row in unsafe():
            staff = await visitor.sign_in(role_for(ROWS[row]))
            headers = {**JSON, "Origin": OURS.format(host=host), **given}
            headers = {name: value.format(host=host) for name, value in headers.items() if value != "-"}
            right = guard.csrf_of("a-browser") if ROWS[row] == "public" else staff.csrf
            if ROWS[row] == "public" and fields.get("csrf") == guard.csrf_of("a-browser"):
                continue  # there it is the right one
            form = {name: value for name, value in {"csrf": right, **fields}.items() if value is not None}
            answer = await sent(staff, filled(row.split()[1]), headers, form)
            assert (row, answer.status, answer.json()["error"]) == (row, 403, word)


async def test_a_form_of_ours_is_taken_with_origin_or_referrer_alone(house: House) -> None:
    async with house.serve() as visitor:
        staff = await visitor.sign_in(Role.OPERATOR)
        url = visitor.server.url
        for ours in (
            {"Origin": url},
            {"Referer": f"{url}/account"},
            {"Origin": url, "Sec-Fetch-Site": "same-origin"},
        ):
            answer = await sent(staff, "/account/language", ours, {"csrf": staff.csrf, "lang": "en"})
            assert (answer.status, answer.location) == (303, "/account")


async def test_a_get_with_a_form_in_it_changes_nothing(house: House) -> None:
    async with house.serve() as visitor:
        for row in unsafe():
            staff = await visitor.sign_in(role_for(ROWS[row]))
            answer = await staff.get(f"{filled(row.split()[1])}?csrf={staff.csrf}&login=x")
            assert answer.status in (200, 303, 404, 405)
            if answer.status < 400:
                assert "GET " + row.split()[1] in ROWS
        assert await visitor.server.people.sessions.who(staff.token) is not None  # type: ignore[union-attr]


PART = b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n'
BROKEN = {
    "no form at all": (b"\xff\xfe\x00", "text/plain"),
    "not a form's encoding": (b"csrf=%", "application/x-www-form-urlencoded; charset=utf-16"),
    "an encoding that there is not": (b"csrf=a", "application/x-www-form-urlencoded; charset=bogus"),
    "broken bytes": (b"csrf=\xff\xfe", "application/x-www-form-urlencoded"),
    "escaped surrogates": (b"csrf=%ED%A0%80", "application/x-www-form-urlencoded"),
    "no boundary": (b"--x\r\n", "multipart/form-data"),
    "a part that breaks off": (
        b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\na',
        "multipart/form-data; boundary=x",
    ),
    "a file for a text": (
        b'--x\r\nContent-Disposition: form-data; name="csrf"; filename="a"\r\n\r\na\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "a text in an encoding that takes seconds": (
        PART
        + b"Content-Type: text/plain; charset=punycode\r\n\r\n"
        + chr(0x10000).encode("punycode")
        + b"a" * 60_000
        + b"\r\n--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
    "a text of half a character": (
        PART + b"Content-Type: text/plain; charset=utf-7\r\n\r\n+2AA-\r\n--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
    "a part encoded as in mail": (
        PART + b"Content-Transfer-Encoding: bogus\r\n\r\na\r\n--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
    "a head that takes seconds": (b"x", ";" * 7800),
    "a text with a NUL": (b"login=%00&csrf=%00", "application/x-www-form-urlencoded"),
    "too many fields": (b"a=1&" * 3000, "application/x-www-form-urlencoded"),
    "too much": (b"csrf=" + b"a" * 70_000, "application/x-www-form-urlencoded"),
}


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_broken_form_is_refused_and_no_fault_of_ours(house: House, broken: str) -> None:
    body, kind = BROKEN[broken]
    async with house.serve() as visitor:
        for path in ("/signin", "/account/password", "/people"):
            staff = await visitor.sign_in(Role.ADMINISTRATOR)
            headers = {**JSON, "Origin": visitor.server.url, "Content-Type": kind}
            answer = await staff.ask("POST", path, headers, data=body)
            assert answer.status in (400, 403, 413), answer


def role_for(access: str) -> Role:
    return Role.OBSERVER if access in ("public", "anybody") else Role(access)


async def sent(staff: Staff, path: str, headers: Mapping[str, str], form: Mapping[str, str]) -> Answer:
    cookie = f"televote-plain={staff.token}; televote-plain-browser=a-browser"
    return await staff.ask("POST", path, {**headers, "Cookie": cookie}, data=dict(form))


async def test_what_was_written_is_given_back_when_the_session_is_over(house: House) -> None:
    """An answer to an objection takes longer to write than a session lasts without a sign of life."""
    async with house.serve() as visitor:
        wang = await visitor.sign_in(Role.COMMITTEE, "wang")
        house.clock.ms += 16 * 60_000
        path, answer = f"/committee/{FILLED['campaign']}/acts/review", "经核查，<b>票数</b>无误。\n附件两份。"
        fields = {"kind": "answer", "answer": answer, "password": "每天八点 开门", "reason": "unfounded"}
        refused = await wang.post(path, **fields)
        assert refused.status == 401
        assert len(Page(refused.text).all("textarea")) == 1
        assert "".join(answer.split()) in "".join(Page(refused.text).text.split())
        assert "每天八点" not in refused.text
        assert "unfounded" not in refused.text
        headers = {"Accept": "text/html", "Origin": "https://evil.example"}
        foreign = await wang.ask("POST", path, headers, data=fields)
        assert (foreign.status, "无误" in foreign.text) == (401, False)
