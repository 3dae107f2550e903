"""Files and folders: encodings, names, and everything checked together."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_validator

from config import load
from config.problems import Problem, Problems, from_validation
from tests.config.reading import SMALL, edited, plain

KEY = "00112233445566778899aabbccddeeff" * 2


@pytest.fixture(name="home")
def _home(tmp_path: Path) -> Path:
    """A whole installation: settings, one campaign, its key."""
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "small.toml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "small.key").write_text(KEY, encoding="utf-8")
    (tmp_path / "secrets" / "small.key").chmod(0o600)
    (tmp_path / "televote.toml").write_text(
        '[sources.sms]\nkind = "standard"\ncampaign = "small"\n', encoding="utf-8"
    )
    return tmp_path


def said(home: Path) -> list[str]:
    """All that is said of the installation."""
    with pytest.raises(Problems) as raised:
        load.everything(home / "televote.toml", {})
    return plain(raised.value.problems, home)


def test_everything(home: Path) -> None:
    loaded = load.everything(home / "televote.toml", {})
    assert list(loaded.campaigns) == ["small"]
    assert loaded.keys["small"].get_secret_value() == bytes.fromhex(KEY)
    assert loaded.settings.sources["sms"].campaign == "small"
    assert loaded.warnings == ()
    place, key = loaded.where.find(("sources", "sms", "options", "x"))
    assert (place.file, place.line, key) == (str(home / "televote.toml"), 1, "sources.sms.options.x")


def test_mistakes_of_all_files_at_once(home: Path) -> None:
    (home / "televote.toml").write_text(
        '[sources.sms]\nkind = "standard"\ncampaign = "big"\n[limits]\nbody_bytes = 0\n', encoding="utf-8"
    )
    (home / "campaigns" / "small.toml").write_text(edited(("seats = 1", "seats = 0")), encoding="utf-8")
    (home / "campaigns" / "other.toml").write_text(SMALL, encoding="utf-8")
    (home / "campaigns" / "third.toml").write_text(SMALL.replace('"small"', '"third"'), encoding="utf-8")
    assert said(home) == [
        "campaigns/other.toml:1: id: is not the name of its file "
        "— call the file small.toml, or change the id",
        "campaigns/small.toml:26: contests[0].seats: is too small — write 1 or more",
        "secrets/third.key: the campaign's key cannot be read: No such file or directory "
        "— make one with: openssl rand -hex 32 (and never change it during a campaign)",
        "televote.toml:3: sources.sms.campaign: names a campaign that is not there "
        "— write one of: other, small, third",
        "televote.toml:5: limits.body_bytes: is too small — write 1 or more",
    ]


def test_a_broken_campaign_is_not_said_to_be_missing(home: Path) -> None:
    (home / "campaigns" / "small.toml").write_text("[", encoding="utf-8")
    assert [line.partition(":")[0] for line in said(home)] == ["campaigns/small.toml"]


def test_no_settings_file(home: Path) -> None:
    (home / "televote.toml").unlink()
    assert said(home) == [
        "televote.toml: cannot be read: No such file or directory — check the path and its permissions"
    ]


@pytest.mark.parametrize("there", [True, False])
def test_no_campaigns(there: bool, home: Path) -> None:
    (home / "campaigns" / "small.toml").unlink()
    if not there:
        (home / "campaigns").rmdir()
    assert said(home) == ["campaigns: holds no campaign file — put one in it, such as beita-2018.toml"]


def test_warnings_are_handed_over(home: Path) -> None:
    (home / "secrets" / "small.key").chmod(0o644)
    (home / "campaigns" / "small.toml").write_text(edited(("seats = 1", "seats = 9")), encoding="utf-8")
    loaded = load.everything(home / "televote.toml", {"TELEVOTE_NOD": "x"})
    assert [line.split(":")[0] for line in plain(loaded.warnings, home)] == [
        "environment",
        "campaigns/small.toml",
        "secrets/small.key",
    ]
    gathered: list[Problem] = []
    assert list(load.campaigns(home / "campaigns", gathered)) == ["small"]
    assert [problem.level for problem in gathered] == ["warning"]


UTF8 = "is not written in UTF-8 — save it again as UTF-8"
CONTENTS = {
    "byte-order mark": (b"\xef\xbb\xbf" + SMALL.encode(), []),
    "Windows line ends": (SMALL.replace("\n", "\r\n").encode(), []),
    "GBK": (SMALL.encode("gbk"), [f"small.toml:2: {UTF8}"]),
    "UTF-16": (SMALL.encode("utf-16"), [f"small.toml:1: {UTF8}"]),
    "nothing": (
        b"",
        [
            f"small.toml:1: {key}: is missing — add it"
            for key in "id name timezone window caller contests".split()
        ],
    ),
    "zeros": (
        b"\0" * 9,
        ["small.toml:1: column 1: a line is a [section] or key = value — see docs/campaign-file.md"],
    ),
    "brackets": (
        b"a = " + b"[" * 100_000,
        ["small.toml:1: is nested too deeply to be read — take some brackets out"],
    ),
    "not TOML": (
        b"id: small",
        ["small.toml:1: column 3: a key is followed by = and its value — see docs/campaign-file.md"],
    ),
    "too large": (
        b"#" * (8 * 1024 * 1024 + 1),
        ["small.toml: is larger than 8388608 bytes — is it the right file?"],
    ),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_content(name: str, tmp_path: Path) -> None:
    content, expected = CONTENTS[name]
    (tmp_path / "small.toml").write_bytes(content)
    if not expected:
        assert load.campaign(tmp_path / "small.toml").id == "small"
        return
    with pytest.raises(Problems) as raised:
        load.campaign(tmp_path / "small.toml")
    assert plain(raised.value.problems, tmp_path) == expected


@pytest.mark.parametrize("name", ["small.toml", "none.toml", "a\0b.toml", "x" * 300])
def test_what_cannot_be_opened(name: str, tmp_path: Path) -> None:
    (tmp_path / "small.toml").mkdir()
    with pytest.raises(Problems) as raised:
        load.campaign(tmp_path / name)
    assert "cannot be read" in str(raised.value)


class Options(BaseModel):
    """Such options as a kind of source may have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    auth_token: SecretStr
    own_number: str = ""
    mode: int | None = None

    @field_validator("own_number")
    @classmethod
    def _check(cls, value: str) -> str:
        raise ValueError(f"{value} is no number")

    @field_validator("auth_token")
    @classmethod
    def _check_token(cls, value: SecretStr) -> SecretStr:
        raise ValueError(f"{value.get_secret_value()} is weak")


def test_a_kind_checks_its_own_options(home: Path) -> None:
    with (home / "televote.toml").open("a", encoding="utf-8") as file:
        file.write('[sources.sms.options]\nown_number = "13800138000"\nauth_tokn = 1\nmode = "x"\n')
    loaded = load.everything(
        home / "televote.toml", {"TELEVOTE_SOURCES__SMS__OPTIONS__AUTH_TOKEN": "hunter2"}
    )
    with pytest.raises(ValidationError) as raised:
        Options.model_validate(loaded.settings.sources["sms"].options)
    problems = from_validation(
        raised.value, loaded.where, ("sources", "sms", "options"), Options, secret_keys=["own_number"]
    )
    unsaid = "is not acceptable — see this key in the documentation"
    assert sorted(plain(problems, home)) == [
        f"environment: TELEVOTE_SOURCES__SMS__OPTIONS__AUTH_TOKEN: {unsaid}",
        f"televote.toml:5: sources.sms.options.own_number: {unsaid}",
        "televote.toml:6: sources.sms.options.auth_tokn: is not a key that is known here "
        "— is auth_token meant?",
        "televote.toml:7: sources.sms.options.mode: is not a whole number "
        "— write digits without quotes or point",
    ]


def test_without_its_model_a_kind_still_has_its_lines(home: Path) -> None:
    loaded = load.everything(home / "televote.toml", {})
    with pytest.raises(ValidationError) as raised:
        Options.model_validate({"own_number": "1380013", "extra": 1})
    problems = from_validation(raised.value, loaded.where, ("sources", "sms"))
    assert sorted(plain(problems, home)) == [
        "televote.toml:1: sources.sms.auth_token: is missing — add it",
        "televote.toml:1: sources.sms.extra: is not a key that is known here — the keys are: –",
        "televote.toml:1: sources.sms.own_number: is not acceptable: 1380013 is no number "
        "— see this key in the documentation",
    ]
