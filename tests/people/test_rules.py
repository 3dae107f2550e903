"""The rules about people, as tables: roles, passwords, guesses, codes, places, browsers."""

import base64
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from gateway.pages import agents, arrival, menu, times
from gateway.pages.arrival import Door
from gateway.people import places, policy, second_factor, throttle
from gateway.people.roles import ANYBODY, OWNER, PUBLIC, TOKEN, Access, Role, SignedIn, only, refusal
from gateway.people.throttle import CAPACITY, FORGET_MS, LIMITS, Key, Limit, Throttle

LI = SignedIn("li", "李", Role.COMMITTEE)
ELSEWHERE = SignedIn("li", "李", Role.COMMITTEE, ("other", "third"))


@pytest.mark.parametrize(
    ("access", "who", "campaign", "word"),
    [
        (PUBLIC, None, None, ""),
        (TOKEN, None, None, ""),
        (OWNER, None, None, ""),
        (ANYBODY, None, None, "signed_out"),
        (ANYBODY, LI, None, ""),
        (only(Role.COMMITTEE), LI, None, ""),
        (only(Role.COMMITTEE, Role.OBSERVER), LI, "beita-2018", ""),
        (only(Role.OPERATOR), LI, None, "role"),
        (only(Role.COMMITTEE), ELSEWHERE, "beita-2018", "campaign"),
        (only(Role.COMMITTEE), ELSEWHERE, "other", ""),
        (only(Role.COMMITTEE), ELSEWHERE, None, ""),
        (only(Role.OPERATOR), ELSEWHERE, "beita-2018", "role"),
    ],
)
def test_who_may(access: Access, who: SignedIn | None, campaign: str | None, word: str) -> None:
    assert refusal(access, who, campaign) == word


# ---- logins, names, passwords ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "login"),
    [
        ("li-na", "li-na"),
        (" Li-Na ", "li-na"),
        ("ｌｉ－ｎａ", "li-na"),
        ("op1", "op1"),
        ("x", None),
        ("", None),
        ("-li", None),
        ("li--na", None),
        ("li na", None),
        ("李娜", None),
        ("li/na", None),
        ("a" * 41, None),
        ("a.b", None),
    ],
)
def test_logins(typed: str, login: str | None) -> None:
    kept = policy.login(typed)
    assert (kept if policy.is_login(kept) else None) == login


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (" 王  芳\n", "王 芳"),
        ("O'Brien <b>", "O'Brien <b>"),
        ("", None),
        (" \t", None),
        ("a\u202eb", None),
        ("a\x00b", None),
        ("王" * 61, None),
    ],
)
def test_names(typed: str, name: str | None) -> None:
    kept = policy.name(typed)
    assert (kept if policy.is_name(kept) else None) == name


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("correct horse battery", ""),
        ("每天八点开门的窗口", ""),
        ("窗口每天八点开", "short"),  # seven characters, though wide ones
        ("窗口每天八点开门", ""),
        ("Ｔｒ０ｕｂ４ｄｏｒ&３ｘ", ""),
        ("Tr0ub4dor&3", "short"),
        ("", "short"),
        ("x" * 201, "long"),
        ("a9$" * 66, "repeated"),
        ("aaaaaaaaaaaaaaaa", "repeated"),
        ("ababababababab", "repeated"),
        ("hunter2hunter2", "repeated"),
        ("福福福福福福福福", "repeated"),
        ("123456789012", "sequence"),
        ("987654321098", "sequence"),
        ("abcdefghijklmn", "sequence"),
        ("qwertyuiopasdf", "sequence"),
        ("一二三四五六七八九", "sequence"),
        ("１２３４５６７８９０１２", "sequence"),
        ("password1234", "known"),
        ("Password2018!", "known"),
        ("televote-2018-admin", "known"),
        ("P@ssw0rd P@ssw0rd", "known"),
        ("wangfang19900101", "known"),
        ("王芳王芳2018投票", "known"),
        ("woaini1314woaini", "known"),
        ("admin@televote.", "known"),
    ],
)
def test_passwords(password: str, word: str) -> None:
    assert policy.weakness(password, "wangfang", "王芳") == word


def test_a_password_typed_in_full_width_is_the_same() -> None:
    assert policy.password("ｓｅｖｅｎ　ｌａｎｔｅｒｎｓ") == policy.password("seven lanterns")


# ---- guesses --------------------------------------------------------------------------------------

OWN = [Key("own", "li office")]
STRANGER = [Key("account", "li"), Key("address", "198.51.100.7")]


def tried(limits: Throttle, keys: list[Key], hours: float, every_ms: int = 1_000) -> int:
    """How many of an attacker's guesses are heard in so many hours, one every `every_ms`."""
    return sum(not limits.guess(keys, ms) for ms in range(0, int(hours * 3_600_000), every_ms))


def test_guesses_at_one_account_are_bounded() -> None:
    """ASVS 6.3.1: however fast they come, from however many addresses."""
    limits = Throttle()
    heard = sum(
        not limits.guess([Key("account", "li"), Key("address", f"198.51.{n % 250}.{n % 199}")], n * 100)
        for n in range(100_000)  # ten a second for 2.8 hours
    )
    assert heard <= LIMITS["account"].free + 11 + 3 * 4


def test_guesses_of_one_address_at_all_accounts_are_bounded() -> None:
    limits = Throttle()
    heard = sum(
        not limits.guess([Key("account", f"login{n}"), Key("address", "a")], n * 10) for n in range(10_000)
    )
    assert heard <= LIMITS["address"].free + 8


def test_an_attack_does_not_keep_its_victim_waiting() -> None:
    limits = Throttle()
    tried(limits, STRANGER, hours=2)
    assert limits.guess(STRANGER, 2 * 3_600_000) > 0, "strangers wait"
    assert limits.guess(OWN, 2 * 3_600_000) == 0, "the owner, at the usual place, does not"


@pytest.mark.parametrize("whose", LIMITS)
def test_nobody_waits_longer_than_said(whose: throttle.Whose) -> None:
    limits, key, now_ms = Throttle(), [Key(whose, "x")], 0
    for _ in range(60):
        wait_ms = limits.guess(key, now_ms)
        assert wait_ms <= LIMITS[whose].longest_ms
        now_ms += wait_ms
    assert limits.guess(key, now_ms + LIMITS[whose].longest_ms) == 0, "and then is heard"


@pytest.mark.parametrize("whose", LIMITS)
def test_so_many_are_free(whose: throttle.Whose) -> None:
    limits, key = Throttle(), [Key(whose, "x")]
    waits = [limits.guess(key, 0) for _ in range(LIMITS[whose].free + 1)]
    assert waits == [0] * LIMITS[whose].free + [1_000]


def test_many_at_once_are_not_all_free() -> None:
    limits = Throttle()
    assert sum(not limits.guess(OWN, 5) for _ in range(1_000)) == LIMITS["own"].free


def test_a_right_guess_is_forgiven_the_wrong_ones_but_not_an_address_those_at_others() -> None:
    limits = Throttle()
    for _ in range(9):
        assert limits.guess(STRANGER, 0) == 0
    limits.right(STRANGER)
    assert all(limits.guess([STRANGER[0]], 0) == 0 for _ in range(10)), "the account begins anew"
    assert sum(not limits.guess([STRANGER[1]], 0) for _ in range(50)) == LIMITS["address"].free - 8


def test_a_day_later_all_is_forgotten() -> None:
    limits = Throttle()
    for _ in range(20):
        limits.guess(OWN, 0)
    assert limits.guess(OWN, 0) > 0
    assert limits.guess(OWN, FORGET_MS + 1) == 0


def test_no_attack_fills_the_memory() -> None:
    limits = Throttle(capacity=100)
    for n in range(1_000):
        limits.guess([Key("account", str(n))], n)
    assert len(limits._counts) == 100
    assert CAPACITY >= 10_000


@pytest.mark.parametrize(
    ("guesses", "pause"), [(0, 0), (1, 0), (2, 1_000), (3, 2_000), (4, 4_000), (5, 5_000), (500, 5_000)]
)
def test_pauses(guesses: int, pause: int) -> None:
    assert throttle.pause_ms(Limit(2, 5_000), guesses) == pause


# ---- codes ----------------------------------------------------------------------------------------

SECRET = b"12345678901234567890"
#: RFC 6238, appendix B, the last six of its eight digits: Unix seconds -> code.
PUBLISHED = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}


@pytest.mark.parametrize(("seconds", "code"), PUBLISHED.items())
def test_published_codes(seconds: int, code: str) -> None:
    assert second_factor.step_of(SECRET, code, seconds * 1000) == seconds // 30


@pytest.mark.parametrize(
    ("typed", "step"),
    [
        ("279037", 0),
        (" 279 037 ", 0),
        ("２７９０３７", 0),
        ("279038", None),
        ("27903", None),
        ("2790370", None),
        ("", None),
        ("二七九", None),
        ("\ud800", None),
    ],
)
def test_how_codes_are_typed(typed: str, step: int | None) -> None:
    found = second_factor.step_of(SECRET, typed, 2_000_000_000_000)
    assert found == (None if step is None else 2_000_000_000 // 30)


@pytest.mark.parametrize(("late", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_telephones_clock_may_be_half_a_minute_wrong(late: int, taken: bool) -> None:
    now = 2_000_000_000
    code = TOTP(SECRET, 6, SHA1(), 30).generate(now + 30 * late).decode()
    assert (second_factor.step_of(SECRET, code, now * 1000) == now // 30 + late) is taken


def test_what_the_picture_and_the_spelling_say() -> None:
    told = second_factor.address(SECRET, "li-na")
    assert told.startswith("otpauth://totp/Televote:li-na?")
    assert f"secret={base64.b32encode(SECRET).decode()}" in told
    assert second_factor.spelled(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"


def test_a_sealed_secret_opens_for_its_account_and_key_alone() -> None:
    key, another = bytes(range(64)), bytes(range(1, 65))
    sealed = second_factor.seal(key, "li", SECRET)
    assert SECRET not in sealed
    assert second_factor.unseal(key, "li", sealed) == SECRET
    assert second_factor.unseal(key, "wang", sealed) is None
    assert second_factor.unseal(another, "li", sealed) is None
    assert second_factor.unseal(key, "li", b"") is None


# ---- where from, and with what --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_networks(address: str, network: str) -> None:
    assert places.network(address) == network


PLAIN, PUBLIC_URL = Door(None, False), Door("https://vote.example", False)


@pytest.mark.parametrize(
    ("door", "host", "address", "proto", "expected"),
    [
        # on the machine itself
        (PLAIN, "127.0.0.1:8080", "127.0.0.1", "", (False, True, "http://127.0.0.1:8080")),
        (PLAIN, "localhost:8080", "127.0.0.1", "", (False, True, "http://localhost:8080")),
        (PLAIN, "[::1]:8080", "::1", "", (False, True, "http://[::1]:8080")),
        (PLAIN, "localhost", "::ffff:127.0.0.1", "", (False, True, "http://localhost")),
        # from elsewhere, in the clear; also through a proxy that nobody declared
        (PLAIN, "192.0.2.5:8080", "192.0.2.9", "", (False, False, "http://192.0.2.5:8080")),
        (PLAIN, "vote.example", "127.0.0.1", "", (False, False, "http://vote.example")),
        (PLAIN, "localhost", "192.0.2.9", "", (False, False, "http://localhost")),
        (PLAIN, "", "127.0.0.1", "", (False, False, "")),
        (PLAIN, "[", "127.0.0.1", "", (False, False, "")),
        (Door(None, True), "192.0.2.5:8080", "192.0.2.9", "", (False, True, "http://192.0.2.5:8080")),
        # over TLS, as a trusted proxy says, or as it is addressed
        (PLAIN, "vote.example", "192.0.2.9", "https", (True, True, "https://vote.example")),
        (PUBLIC_URL, "vote.example", "192.0.2.9", "", (True, True, "https://vote.example")),
        (PUBLIC_URL, "vote.example:443", "192.0.2.9", "", (True, True, "https://vote.example")),
        (PUBLIC_URL, "vote.example", "192.0.2.9", "http", (False, False, "http://vote.example")),
        (PUBLIC_URL, "192.0.2.5:8080", "192.0.2.9", "", (False, False, "http://192.0.2.5:8080")),
        (PUBLIC_URL, "vote.example:8080", "192.0.2.9", "", (False, False, "http://vote.example:8080")),
        (
            Door("http://vote.example", False),
            "vote.example",
            "192.0.2.9",
            "",
            (False, False, "http://vote.example"),
        ),
    ],
)
def test_how_a_request_came(door: Door, host: str, address: str, proto: str, expected: Any) -> None:
    came = arrival.arrived(door, host, address, proto)
    assert (came.secure, came.private, came.own) == expected


def test_a_form_may_come_from_the_public_address_whatever_host_the_proxy_passes_on() -> None:
    came = arrival.arrived(PUBLIC_URL, "televote:8080", "127.0.0.1", "https")
    assert arrival.is_from_us(came, {"Origin": "https://vote.example"})
    assert not arrival.is_from_us(came, {"Origin": "https://vote.example.evil.example"})


@pytest.mark.parametrize(
    ("user_agent", "told"),
    [
        (
            "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 Chrome/109.0.0.0 Safari/537.36",
            "Chrome 109, Windows",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge 140, Windows",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140, Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1 MicroMessenger/8.0",
            "WeChat 8, iPhone",
        ),
        ("curl/8", ""),
        ("", ""),
        ("<script>Chrome/x", "Chrome"),
    ],
)
def test_browsers_in_two_words(user_agent: str, told: str) -> None:
    assert agents.described(user_agent) == told


@pytest.mark.parametrize("role", Role)
def test_everybody_has_a_place_to_begin(role: Role) -> None:
    who = SignedIn("li", "李", role)
    assert [item.href for item in menu.items(who, menu.front(role), "")] == [menu.front(role)]
    for item in menu.items(who, menu.front(role), "beita-2018"):
        assert item.href.startswith(menu.front(role))


def test_where_one_is() -> None:
    here = [
        item.label for item in menu.items(LI, "/committee/beita-2018/records/7", "beita-2018") if item.here
    ]
    assert here == ["nav_records"]
    here = [item.label for item in menu.items(LI, "/committee/beita-2018", "beita-2018") if item.here]
    assert here == ["nav_live"]


def test_times_say_their_zone() -> None:
    assert times.shown(1_532_052_000_000, ZoneInfo("Asia/Shanghai")) == "2018-07-20 10:00 +0800"
    assert times.shown(1_532_052_000_000, UTC) == "2018-07-20 02:00 UTC"
    assert times.zone_of({}) is UTC
