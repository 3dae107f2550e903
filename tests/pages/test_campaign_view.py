"""The values of the page: times, limits, orders."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from config.problems import Lang
from gateway.intake import running
from gateway.pages import campaign_view
from gateway.pages.words import WORDS
from gateway.reporting import view
from gateway.reporting.words import MONTHS
from tests.pages import boards


def page(lang: Lang = "zh", status: str = "open", **changes: Any) -> dict[str, Any]:
    """The values of the award's page, without votes."""
    return campaign_view.page(running.run(boards.campaign(**changes), bytes(32)), status, None, lang)


def window(opens: str, closes: str, **channels: dict[str, datetime]) -> dict[str, Any]:
    times = {"opens_at": datetime.fromisoformat(opens), "closes_at": datetime.fromisoformat(closes)}
    return {**times, "grace": "0s", **channels}


@pytest.mark.parametrize(
    ("lang", "opens", "closes"),
    [
        ("zh", "2018年7月9日 08:00", "2018年7月20日 18:00"),
        ("en", "9 July 2018, 08:00", "20 July 2018, 18:00"),
    ],
)
def test_period(lang: Lang, opens: str, closes: str) -> None:
    (period,) = page(lang)["periods"]
    assert (period.channel, period.opens.text, period.closes.text) == ("", opens, closes)
    assert (period.opens.iso, period.closes.iso) == (boards.OPENS, boards.CLOSES)


def test_channels_that_differ_have_a_period_each() -> None:
    own = {"closes_at": datetime.fromisoformat("2018-07-20T17:00:00+08:00")}
    sms, hotline = page("en", window=window(boards.OPENS, boards.CLOSES, hotline=own))["periods"]
    assert (sms.channel, sms.closes.text) == ("sms", "20 July 2018, 18:00")
    assert (hotline.channel, hotline.closes.text) == ("hotline", "20 July 2018, 17:00")


def test_an_early_close_is_shown_to_the_second() -> None:
    one = running.run(boards.campaign(), bytes(32))
    one.close_early(boards.ms("2018-07-14T12:00:05+08:00"))
    (period,) = campaign_view.page(one, "closing", None, "zh")["periods"]
    assert period.closes.text == "2018年7月14日 12:00:05"


@pytest.mark.parametrize(
    ("zone", "opens", "closes", "offset"),
    [
        ("Asia/Shanghai", boards.OPENS, boards.CLOSES, "UTC+08:00"),
        ("Europe/Berlin", "2026-10-20T08:00:00+02:00", "2026-10-30T18:00:00+01:00", "UTC+02:00 / UTC+01:00"),
        ("UTC", "2026-10-20T08:00:00+00:00", "2026-10-30T18:00:00+00:00", "UTC+00:00"),
    ],
)
def test_zone(zone: str, opens: str, closes: str, offset: str) -> None:
    values = page(timezone=zone, window=window(opens, closes))
    assert (values["zone"], values["offset"]) == (zone, offset)
    (period,) = values["periods"]
    assert (period.opens.iso, period.closes.iso) == (opens, closes)


@pytest.mark.parametrize(
    ("selections", "caps", "zh", "en"),
    [
        (
            {"min": 1, "max": 1},
            [{"per": "campaign", "votes": 1}],
            "每次选 1 个；每个电话号码最多计 1 票",
            "One choice each time; at most 1 counted per telephone number",
        ),
        (
            {"min": 3, "max": 3},
            [{"per": "day", "votes": 2}],
            "每次选满 3 个；每个电话号码每天最多计 2 票",
            "Exactly 3 choices each time; at most 2 a day per telephone number",
        ),
        (
            {"min": 1, "max": 5},
            [{"per": "campaign", "votes": 10}, {"per": "candidate", "votes": 1}],
            "每次选 1 至 5 个；每个电话号码最多计 10 票；每个电话号码对同一候选最多计 1 票",
            "1 to 5 choices each time; at most 10 counted per telephone number; "
            "at most 1 per telephone number for one candidate",
        ),
    ],
)
def test_limits(selections: dict[str, int], caps: list[dict[str, Any]], zh: str, en: str) -> None:
    contests = [boards.WINDOW_CONTEST | {"selections": selections, "caps": caps}]
    assert page("zh", contests=contests)["charts"][0].limits == zh
    assert page("en", contests=contests)["charts"][0].limits == en


def test_limits_over_all_contests() -> None:
    assert page()["together"] == ""
    assert page(caps=[{"per": "day", "votes": 3}])["together"] == "每个电话号码每天最多计 3 票"


@pytest.mark.parametrize(
    ("codes", "ordered"),
    [
        ("A10 A9 A1", "A1 A9 A10"),
        ("12 3 101", "3 12 101"),
        ("B01 A02 A1", "A1 A02 B01"),
        ("A-2 A-10 A-1", "A-1 A-2 A-10"),
        ("X 7 Y3", "7 X Y3"),
    ],
)
def test_candidates_stand_in_the_order_of_their_codes(codes: str, ordered: str) -> None:
    candidates = [{"code": code, "name": f"候选{code}", "unit": "单位"} for code in codes.split()]
    contest = boards.WINDOW_CONTEST | {"candidates": candidates}
    (chart,) = page(contests=[contest])["charts"]
    assert [bar.code for bar in chart.candidates] == ordered.split()


def test_every_wording_says_the_same_in_both_languages() -> None:
    names = dict.fromkeys(("zone", "offset", "at", "code", "min", "max", "votes", "lost"), "·")
    for key, said in WORDS.items():
        assert said.zh.strip(), key
        assert said.en.strip(), key
        for text in said:
            assert "{" not in text.format(**names, time="·"), key
        assert {word for word in names if f"{{{word}}}" in said.zh} == {
            word for word in names if f"{{{word}}}" in said.en
        }, key


def test_every_wording_is_used() -> None:
    rooms = [Path(module.__file__).parent for module in (campaign_view, view)]
    files = [file for room in rooms for file in [*room.glob("*.py"), *room.glob("templates/*.html")]]
    sources = "".join(file.read_text("utf-8") for file in files if file.name != "words.py")
    computed = ("hidden_", "per_", "choose_")
    for key in WORDS:
        assert key.startswith(computed) or f'"{key}"' in sources or f"say.{key}" in sources, key


def test_months() -> None:
    assert len(MONTHS) == 12
