"""What a campaign file becomes: windows, caps, numbering, and the hash of its rules."""

import tomllib
from datetime import time
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from config import load
from config.campaign import CHANNELS, Campaign
from config.fields import Publish
from dedup.caller import Kind, Numbering
from dedup.caps import Cap, ContestCaps
from tally.outcome import Channel, MessageOutcome, Selection
from tally.window import ChannelWindow
from tests.config.reading import DATA, ORGANISER, SMALL, edited


def read(text: str = SMALL) -> Campaign:
    """A campaign from its text."""
    values = tomllib.loads(text)
    return Campaign.model_validate(values)


def test_every_channel_has_a_window() -> None:
    assert get_args(Channel) == CHANNELS


def test_windows() -> None:
    campaign = read()
    opens, closes, minute = 1_531_094_400_000, 1_532_080_800_000, 60_000
    assert campaign.window_for("sms") == ChannelWindow(opens, closes, 15 * minute)
    assert campaign.window_for("hotline") == ChannelWindow(opens, closes, 24 * 60 * minute)
    assert campaign.settled_ms == closes + 24 * 60 * minute
    assert campaign.skew_ms == 5 * minute


def test_a_channel_may_have_its_own_close() -> None:
    campaign = read(
        edited(
            (
                "[window.hotline]\n",
                "[window.sms]\nopens_at = 2018-07-10T00:00:00Z\n"
                'closes_at = 2018-07-20T17:00:00.250+08:00\ngrace = "0s"\n'
                "[window.hotline]\n",
            )
        )
    )
    assert campaign.window_for("sms") == ChannelWindow(1_531_180_800_000, 1_532_077_200_250, 0)
    assert campaign.window_for("hotline").closes_ms == 1_532_080_800_000


def test_caps() -> None:
    campaign = read(edited(("seats = 1", 'seats = 1\nover_cap = "void_all"')))
    assert campaign.caps_by_contest.contests == {
        "window": ContestCaps((Cap("campaign", 1),), void_all=True),
        "star": ContestCaps((Cap("campaign", 2), Cap("day", 1))),
    }
    assert campaign.caps_by_contest.total == ()
    total = read(edited(("[window]", 'caps = [{ per = "day", votes = 3 }]\n\n[window]')))
    assert total.caps_by_contest.total == (Cap("day", 3),)


def test_numbering() -> None:
    caller = read().caller
    assert caller.numbering() == Numbering("CN", "0739", frozenset({"CN"}), frozenset(Kind))
    assert caller.numbering(region="HK", area_code="") == Numbering(
        "HK", "", frozenset({"CN"}), frozenset(Kind)
    )
    abroad = caller.numbering(region="HK")
    assert (abroad.region, abroad.area_code) == ("HK", ""), "Shaoyang's area code is none of Hong Kong's"
    mobile = read(
        edited(('"0739"', '"0739"\naccept_regions = ["CN", "HK"]\naccept_kinds = ["mobile"]'))
    ).caller
    assert mobile.numbering() == Numbering("CN", "0739", frozenset({"CN", "HK"}), frozenset({Kind.MOBILE}))


def test_candidates() -> None:
    campaign = read(edited(('keypad = "102"', 'name_en = "Taxes"\nwithdrawn = true')))
    taxes = campaign.candidate("window", "A02")
    assert (taxes.name_in("zh"), taxes.name_in("en")) == ("税务窗口", "Taxes")
    assert campaign.candidate("star", "B01").name_in("en") == "示例01"
    assert campaign.withdrawn == {Selection("window", "A02")}
    assert list(campaign.contests_by_id) == ["window", "star"]
    with pytest.raises(KeyError):
        campaign.candidate("star", "A02")


def test_the_code_book_knows_every_candidate() -> None:
    assert dict(read().codebook.keypad) == {
        Selection("window", "A01"): "101",
        Selection("window", "A02"): "102",
        Selection("star", "B01"): "201",
        Selection("star", "B02"): "202",
    }


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("live", Publish("live")),
        ("daily at 08:05", Publish("daily", time(8, 5))),
        ("after_close", Publish("after_close")),
        ("never", Publish("never")),
    ],
)
def test_publish(written: str, expected: Publish) -> None:
    assert read(edited(('"after_close"', f'"{written}"'))).publish == expected


def test_defaults() -> None:
    campaign = read(
        edited(('publish = "after_close"\npending = ["unknown_code"]\nbar_list = ["13800138000"]\n', ""))
    )
    assert campaign.publish == Publish("after_close")
    assert (campaign.pending, campaign.bar_list, campaign.test_lines) == (frozenset(), (), ())
    assert (campaign.withdrawal, campaign.zone) == ("keep", ZoneInfo("Asia/Shanghai"))
    assert [(one.selections.min, one.selections.max, one.over_cap) for one in campaign.contests] == [
        (1, 1, "first")
    ] * 2


def test_pending_and_replies_are_outcomes() -> None:
    campaign = read()
    assert campaign.pending == {MessageOutcome.UNKNOWN_CODE}
    assert campaign.replies.zh[MessageOutcome.COUNTED].startswith("您投给")
    assert all(isinstance(outcome, MessageOutcome) for outcome in (*campaign.pending, *campaign.replies.zh))


def test_it_is_frozen_and_shows_no_number() -> None:
    campaign = read()
    with pytest.raises(ValidationError):
        campaign.id = "other"  # type: ignore[misc]  # the point of the test
    assert "13800138000" not in repr(campaign)
    with pytest.raises(ValidationError) as raised:
        read(edited(('"13800138000"', '"13800138"')))
    assert "13800138" not in str(raised.value)


# What is replaced in the file, by what; the rules stay the same.
LAYOUTS = {
    "a comment": [('id = "small"', '# a comment\nid = "small" # another')],
    "another order": [('id = "small"\nname = "小评选"', 'name = "小评选"\nid = "small"')],
    "another offset": [("2018-07-09T08:00:00+08:00", "2018-07-09 00:00:00Z")],
    "another unit": [('"15m"', '"900s"')],
    "defaults spelled out": [
        ('"15m"', '"15m"\nskew = "5m"'),
        ('"0739"', '"0739"\naccept_regions = ["CN"]'),
        ("[window]", 'withdrawal = "keep"\ncaps = []\ntest_lines = []\n[window]'),
    ],
    "ballot spelled out": [("seats = 1", "seats = 1\nselections = { min = 1, max = 1 }")],
    "an empty section": [("[replies.zh]", "[window.sms]\n[replies.en]\n[replies.zh]")],
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_hash_does_not_depend_on_the_layout(name: str) -> None:
    changed = edited(*LAYOUTS[name])
    assert read(changed).rules_hash == read().rules_hash
    assert read(changed.replace("\n", "\r\n")).rules_hash == read().rules_hash


def test_the_hash_is_what_it_was() -> None:
    """A new version of the program must not take a running campaign's rules for changed ones."""
    before = read(edited((ORGANISER, "")))
    assert before.rules_hash == "a97b32f80b75af2ba0d6ea6f12f96e882c53ad44ed1e68a7f240b3873129736b"


CHANGES = [
    ('id = "small"', 'id = "smaller"'),
    ("小评选", "大评选"),
    ("Asia/Shanghai", "Asia/Urumqi"),
    ('"after_close"', '"live"'),
    ('"after_close"', '"daily at 20:00"'),
    ('["unknown_code"]', "[]"),
    ('["unknown_code"]', '["unknown_code", "overvote"]'),
    ('["13800138000"]', "[]"),
    ("13800138000", "13800138001"),
    ("bar_list", "test_lines"),
    ("[window]", 'withdrawal = "release"\n[window]'),
    ("[window]", 'retention = "720h"\n[window]'),
    ("[window]", "receipts = true\n[window]"),
    ("[window]", 'caps = [{ per = "day", votes = 1 }]\n[window]'),
    ("2018-07-09T08:00:00", "2018-07-09T08:00:01"),
    ("2018-07-20T18:00:00", "2018-07-20T18:00:00.001"),
    ('"15m"', '"16m"'),
    ('"15m"', '"15m"\nskew = "6m"'),
    ('"24h"', '"25h"'),
    ("[window.hotline]", "[window.sms]"),
    ('"0739"', '"0738"'),
    ('"0739"', '"0739"\naccept_regions = ["CN", "HK"]'),
    ('"0739"', '"0739"\naccept_kinds = ["mobile"]'),
    ("一票已计入", "票已计入"),
    ("[replies.zh]", "[replies.en]"),
    ('id = "window"', 'id = "windows"'),
    ("seats = 1", "seats = 2"),
    ("seats = 1", "seats = 1\nselections = { max = 2 }"),
    ("seats = 1", 'seats = 1\nover_cap = "void_all"'),
    ('per = "campaign"', 'per = "candidate"'),
    ('"campaign", votes = 1', '"campaign", votes = 2'),
    ('code = "A02"', 'code = "A03"'),
    ("税务窗口", "地税窗口"),
    ("区税务局", "市税务局"),
    ('["社保窗口"]', '["社保窗口", "社保大厅"]'),
    ('"102"', '"103"'),
    ('keypad = "102"', 'keypad = "102"\nwithdrawn = true'),
    ('keypad = "102"', 'keypad = "102"\nname_en = "Taxes"'),
]


@pytest.mark.parametrize(("old", "new"), CHANGES, ids=[f"{old} -> {new}" for old, new in CHANGES])
def test_any_change_of_the_rules_changes_the_hash(old: str, new: str) -> None:
    assert read(edited((old, new))).rules_hash != read().rules_hash


def test_the_hash_of_a_loaded_file_is_the_same_again(tmp_path: Path) -> None:
    again = tmp_path / "other-name.toml"
    again.write_bytes((DATA / "small.toml").read_bytes())
    assert load.campaign(again).rules_hash == load.campaign(DATA / "small.toml").rules_hash
