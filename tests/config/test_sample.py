"""The shipped sample loads clean, and can be moved to other dates."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import load, sample
from config.campaign import Campaign
from config.fields import Publish
from config.problems import Problem
from dedup.caps import Cap
from tally.outcome import MessageOutcome

FILE = Path(__file__).parents[2] / "config" / "campaigns" / "beita-2018.toml"
TEXT = FILE.read_text(encoding="utf-8")
OPENS, CLOSES = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_it_loads_with_no_warnings() -> None:
    warnings: list[Problem] = []
    assert load.campaign(FILE, warnings).id == "beita-2018"
    assert warnings == []


def test_it_is_the_award_of_2018() -> None:
    campaign = load.campaign(FILE)
    assert campaign.window.opens_at.isoformat() == "2018-07-09T08:00:00+08:00"
    assert campaign.window.closes_at.isoformat() == "2018-07-20T18:00:00+08:00"
    assert campaign.window_for("sms").grace_ms == 15 * 60_000
    assert campaign.window_for("hotline").grace_ms == 24 * 3_600_000
    assert campaign.numbers.sms == "13517420858"
    assert campaign.caller.area_code == "0739"
    assert [one.name for one in campaign.contests] == ["最美服务窗口", "最美服务明星"]
    for contest, first, least in zip(campaign.contests, "AB", (12, 20), strict=True):
        assert [one.code for one in contest.candidates] == [
            f"{first}{number:02}" for number in range(1, len(contest.candidates) + 1)
        ]
        assert len(contest.candidates) >= least
        assert contest.contest_caps.caps == (Cap("campaign", 1),)
        assert (contest.selections.min, contest.selections.max) == (1, 1)
        assert all("示例" in one.name and "sample" in one.name_in("en").lower() for one in contest.candidates)


def test_replies_are_in_both_languages() -> None:
    replies = load.campaign(FILE).replies
    assert set(replies.zh) == set(replies.en)
    assert set(replies.zh) >= {
        MessageOutcome(name) for name in "counted repeat late early unknown_code no_code unclear".split()
    }


def _moved(tmp_path: Path, publish: str | None = None) -> Campaign:
    file = tmp_path / "beita-2018.toml"
    file.write_text(sample.dated(TEXT, OPENS, CLOSES, publish), encoding="utf-8")
    return load.campaign(file)


def test_dated(tmp_path: Path) -> None:
    campaign = _moved(tmp_path)
    assert (campaign.window.opens_at, campaign.window.closes_at) == (OPENS, CLOSES)
    assert campaign.publish == Publish("after_close")


def test_dated_and_published(tmp_path: Path) -> None:
    assert _moved(tmp_path, "live").publish == Publish("live")


def test_only_the_dates_change() -> None:
    before, after = TEXT.split("\n"), sample.dated(TEXT, OPENS, CLOSES, "live").split("\n")
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [
        'publish = "live"',
        "opens_at = 2026-01-02T03:04:05+00:00",
        "closes_at = 2026-02-03T04:05:06+00:00",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("opens_at = 2018-07-09T08:00:00+08:00 # 开始", "opens_at = 2026-01-02T03:04:05+00:00 # 开始"),
        ("opens_at=2018-07-09 08:00:00+08:00", "opens_at=2026-01-02T03:04:05+00:00"),
        ("  opens_at = 2018-07-09T08:00:00Z", "  opens_at = 2026-01-02T03:04:05+00:00"),
    ],
    ids=["comment", "space in the date", "indented"],
)
def test_layouts(line: str, expected: str) -> None:
    text = f"[window]\n{line}\ncloses_at = 2018-07-20T18:00:00+08:00\n"
    assert sample.dated(text, OPENS, CLOSES).split("\n")[1] == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[window]\nopens_at = 2018-07-09T08:00:00Z",
        "# opens_at = 2018-07-09T08:00:00Z\n# closes_at = 2018-07-09T08:00:00Z",
        "window = { opens_at = 2018-07-09T08:00:00Z, closes_at = 2018-07-10T08:00:00Z }",
        "[window]\nopens_at = 2018-07-09T08:00:00Z\ncloses_at = 2018-07-10T08:00:00Z",
    ],
    ids=["empty", "no close", "only comments", "on one line", "no publish"],
)
def test_lines_that_are_not_there(text: str) -> None:
    with pytest.raises(LookupError):
        sample.dated(text, OPENS, CLOSES, "live")


def test_times_need_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        sample.dated(TEXT, OPENS.replace(tzinfo=None), CLOSES + timedelta(days=1))
