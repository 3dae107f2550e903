"""Draws a campaign and its sources for a seed: as the files the product reads, and as the oracle wants it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.simulation.oracle import Contest, Rules, Window

CAMPAIGN = "sim"
MINUTE, HOUR = 60_000, 3_600_000
#: The day before the clocks of Berlin go forward, so that one campaign day may have 23 hours.
START_MS = 1_774_699_200_000
CODES = {"window": ("A01", "A02", "A03", "A04"), "star": ("B01", "B02", "B03")}
ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "sim-path-token-0123456789"
WHSEC = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
VONAGE_SECRET, TWILIO_SECRET = "vonage-signature-secret-0123456789", "8f1c7d2b6a5e4f3d8f1c7d2b6a5e4f3d"
TWILIO_URL = "https://vote.example.org/in/twilio"

#: What a caller's line is written like, and the line it is.
MOBILES = tuple(f"1381234567{n}" for n in range(8))
FIXED = "5169909"
TESTER, BARRED = "13900000001", "13900000002"


def spelled(number: str, rng: Random) -> str:
    """One of the ways in which a line is written."""
    if number == FIXED:
        return rng.choice([FIXED, "07395169909", "+867395169909", "0739-5169909"])
    wide = number.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    return rng.choice([number, f"+86{number}", f"0086{number}", f"86{number}", wide])


def line(number: str) -> str:
    """The line in E.164."""
    return "+867395169909" if number == FIXED else f"+86{number}"


class Drawn(NamedTuple):
    """A drawn campaign: its rules for the oracle, its settings file, and when it opens and ends."""

    rules: Rules
    settings: Path
    opens_ms: int
    closes_ms: int
    last_ms: int


def _caps(rng: Random) -> list[tuple[str, int]]:
    n = rng.randrange(1, 4)
    return rng.choice(
        [
            [("campaign", n)],
            [("day", n)],
            [("day", rng.randrange(1, 3)), ("campaign", n + 1)],
            [("campaign", n + 1), ("candidate", rng.randrange(1, 3))],
            [("candidate", rng.randrange(1, 3))],
            [("candidate", 1), ("day", n)],
        ]
    )


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def draw(rng: Random, folder: Path, *, is_open: bool) -> Drawn:
    """Write settings, campaign and secrets into a folder that is there. `is_open` asks for open ballots;
    no campaign may have them that voids all of a caller's votes."""
    zone = rng.choice(["Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu"])
    opens = START_MS + 2 * HOUR
    closes = opens + rng.randrange(15, 50) * HOUR
    hotline_closes = closes + rng.choice([0, 0, -3 * HOUR, 2 * HOUR])
    grace = {"sms": rng.choice([0, 15 * MINUTE, 2 * HOUR]), "hotline": rng.choice([0, 24 * HOUR])}
    contests = {
        name: Contest(_caps(rng), rng.random() < 0.35, *rng.choice([(1, 1), (1, 1), (1, 2), (1, 3), (2, 2)]))
        for name in CODES
    }
    total = rng.choice([[], [], [("campaign", 2)], [("day", 2)]])
    pending = [one for one in ("unknown_code", "overvote", "withheld_caller") if rng.random() < 0.5]
    gone = {("window", "A04")} if rng.random() < 0.15 else set()
    listed = rng.random() < 0.05  # their hash in the rules is slow on purpose
    clocks = {
        name: rng.choice(["provider", "arrival"]) for name in ("standard", "vonage", "dial", "tencent")
    } | {"twilio": "arrival", "desk": rng.choice(["provider", "arrival"]), "log": "provider"}
    rules = Rules(
        ZoneInfo(zone),
        {
            "sms": Window(opens, closes, grace["sms"]),
            "hotline": Window(opens, hotline_closes, grace["hotline"]),
        },
        5 * MINUTE,
        {name: ("hotline" if name in ("desk", "log") else "sms", clock) for name, clock in clocks.items()},
        contests,
        total,
        frozenset({"unclear", "in_transit", "unparsed", *pending}),
        rng.random() < 0.5,
        gone,
        {line(BARRED)} if listed else set(),
        {line(TESTER)} if listed else set(),
        is_open and not any(contest.void_all for contest in contests.values()),
    )
    (folder / "campaigns").mkdir()
    (folder / "secrets").mkdir(mode=0o700)
    _secret(folder, f"{CAMPAIGN}.key", rng.randbytes(32).hex())
    _secret(folder, "path.token", TOKEN)
    campaign = _campaign(rules, zone, pending, listed, adjudicators=rng.choice([1, 2]))
    (folder / f"campaigns/{CAMPAIGN}.toml").write_text(campaign, "utf-8")
    settings = folder / "televote.toml"
    settings.write_text(_SETTINGS + "".join(_source(name, clocks[name]) for name in clocks), "utf-8")
    last = max(window.closes + window.grace for window in rules.windows.values())
    return Drawn(rules, settings, opens, closes, last)


def _secret(folder: Path, name: str, text: str) -> None:
    file = folder / "secrets" / name
    file.touch(mode=0o600)
    file.write_text(text + "\n", "utf-8")


_SETTINGS = """data = "."
campaigns = "campaigns"
secrets = "secrets"
listen = "127.0.0.1:0"
"""
_OPTIONS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "standard": ("standard", {"secrets": [WHSEC]}, False),
    "vonage": ("vonage", {"secrets": [VONAGE_SECRET]}, False),
    "dial": ("generic", {"fields": {"caller": "from", "text": "text", "id": "id", "time": "at"},
                         "time": "unix_ms"}, True),
    "tencent": ("tencent", {}, True),
    "twilio": ("twilio", {"auth_tokens": [TWILIO_SECRET], "account_sid": ACCOUNT, "public_url": TWILIO_URL},
               False),
    "desk": ("desk", {"reentry_share": 0.5}, False),
    "log": ("csv", {"form": "text", "columns": {"caller": "caller", "choice": "choice", "start": "start",
                                               "call_id": "id"}, "time": "unix"}, False),
}  # fmt: skip


def _source(name: str, clock: str) -> str:
    kind, options, token = _OPTIONS[name]
    lines = [f"[sources.{name}]", f'kind = "{kind}"', f'campaign = "{CAMPAIGN}"', f'clock = "{clock}"']
    if token:
        lines.append('token_file = "path.token"')
    if name == "twilio":
        lines.remove('clock = "arrival"')
    if options:
        lines.append(f"options = {_inline(options)}")
    return "\n".join(lines) + "\n\n"


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def _campaign(rules: Rules, zone: str, pending: list[str], listed: bool, adjudicators: int) -> str:
    sms, hotline = rules.windows["sms"], rules.windows["hotline"]
    lines = [
        f'id = "{CAMPAIGN}"', 'name = "模拟"', f'timezone = "{zone}"', f"pending = {json.dumps(pending)}",
        f'withdrawal = "{"release" if rules.releases else "keep"}"', f"adjudicators = {adjudicators}",
        f'ballots = "{"open" if rules.told else "sealed"}"',
        *([f'bar_list = ["{BARRED}"]', f'test_lines = ["{TESTER}"]'] if listed else []),
        *(["caps = " + _cap_list(rules.total)] if rules.total else []),
        "[window]", f"opens_at = {_iso(sms.opens)}", f"closes_at = {_iso(sms.closes)}",
        f'grace = "{sms.grace // MINUTE}m"',
        "[window.hotline]", f"closes_at = {_iso(hotline.closes)}", f'grace = "{hotline.grace // MINUTE}m"',
        "[caller]", 'region = "CN"', 'area_code = "0739"',
    ]  # fmt: skip
    for name, contest in rules.contests.items():
        lines += [
            "[[contests]]", f'id = "{name}"', f'name = "{name}"', "seats = 1",
            f"selections = {{ min = {contest.min}, max = {contest.max} }}",
            f"caps = {_cap_list(contest.caps)}",
            f'over_cap = "{"void_all" if contest.void_all else "first"}"',
            "candidates = [",
            *(
                f'  {{ code = "{code}", name = "候选{code[0]}{code[-1]}号甲", unit = "x"'
                f'{", withdrawn = true" if (name, code) in rules.withdrawn else ""} }},'
                for code in CODES[name]
            ),
            "]",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _cap_list(caps: list[tuple[str, int]]) -> str:
    return "[" + ", ".join(f'{{ per = "{per}", votes = {votes} }}' for per, votes in caps) + "]"
