"""Before the first vote: what the commands say to somebody who has just arrived, or who mistypes."""

import os
import socket
import stat
from pathlib import Path

import pytest

import gateway
from config.load import everything
from gateway import entrances
from gateway.printed import outside
from tests.cli import commands
from tests.cli.commands import Home, call, ended, start


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_init_writes_a_folder_that_is_right_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "deep/var"
    said = call("init", folder)
    assert said.code == 0
    assert f"televote --settings {folder}/televote.toml serve" in said.out
    assert mode(folder / "secrets") == 0o700
    secrets = sorted((folder / "secrets").iterdir())
    assert [file.name for file in secrets] == [
        "accounts.secret",
        "api.token",
        "beita-2018.key",
        "sim.token",
        "sms.secret",
    ]
    assert {mode(file) for file in secrets} == {0o600}
    checked = call("check", settings=folder / "televote.toml")
    assert checked == (0, "no errors\n", "")
    loaded = everything(folder / "televote.toml", {})
    assert loaded.warnings == ()
    assert {name: campaign.publish.mode for name, campaign in loaded.campaigns.items()} == {
        "beita-2018": "live"
    }


def test_every_init_makes_secrets_of_its_own(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert call("init", tmp_path / name).code == 0
    for secret in (tmp_path / "a/secrets").iterdir():
        assert secret.read_bytes() != (tmp_path / "b/secrets" / secret.name).read_bytes()


def test_init_refuses_a_second_time_and_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    assert call("init", folder).code == 0
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    said = call("init", folder)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"Error: {folder}/televote.toml exists: nothing was changed\n"
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_init_never_replaces_a_campaigns_key(home: Home) -> None:
    """With another key every caller would be a new one."""
    key = home.folder / "secrets/beita-2018.key"
    before = key.read_bytes()
    home.settings.unlink()
    said = call("init", home.folder)
    assert (said.code, said.err) == (2, f"Error: {key} exists: nothing was changed\n")
    assert key.read_bytes() == before


def test_init_listens_where_it_is_told(tmp_path: Path) -> None:
    assert call("init", tmp_path / "var", "--listen", "0.0.0.0:9090").code == 0
    assert everything(tmp_path / "var/televote.toml", {}).settings.listen == ("0.0.0.0", 9090)


HINT = {
    "en": "there is no settings file: write one with televote init, or name yours with --settings",
    "zh": "没有设置文件：用 televote init 生成一份，或用 --settings",
}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("command", ["standings", "verify", "recount", "health", "serve"])
def test_without_settings_a_command_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, lang: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for settings in (None, tmp_path / "elsewhere.toml"):
        said = call(command, lang=lang, settings=settings)
        assert (said.code, said.out) == (2, "")
        assert HINT[lang] in said.err
    assert f"{tmp_path}/elsewhere.toml: " in said.err


def test_check_without_settings_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = call("check")
    assert said.code == 1
    assert HINT["en"] in said.out


@pytest.mark.parametrize("folder", [".", "var"])
def test_settings_are_found_in_the_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("init", folder).code == 0
    assert call("check") == (0, "no errors\n", "")


def test_settings_are_found_by_the_environment(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEVOTE_SETTINGS", str(home.settings))
    assert call("check") == (0, "no errors\n", "")
    monkeypatch.setenv("TELEVOTE_LIMITS__BODY_BYTES", "none")
    said = call("check")
    assert said.code == 1
    assert "environment: TELEVOTE_LIMITS__BODY_BYTES: " in said.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["--lang", "fr", "check"], "'fr' is not one of 'zh', 'en'"),
        (["import"], "Missing"),
        (["import", "--source", "hotline"], "Missing argument 'FILES...'"),
        (["import", "--source", "hotline", "nowhere.csv"], "File 'nowhere.csv' does not exist"),
        (["import", "--source", "hotline", "."], "is a directory"),
        (["close", "--by", "chair"], "Missing option '--reason'"),
        (["close", "--reason", "rain"], "Missing option '--by'"),
        (["export"], "Missing argument 'FOLDER'"),
        (["demo", "--seconds", "3"], "3 is not in the range 8<=x<=50"),
        (["standings", "--nonsense"], "No such option"),
        (["standings", "a", "b"], "unexpected extra argument"),
    ],
    ids=" ".join,
)
def test_a_mistyped_command_is_two(words: list[str], told: str) -> None:
    said = call(*words)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_a_wrong_name_of_a_node_is_the_options(home: Home) -> None:
    said = home.call("serve", "--node", "N.1")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: --node: is not a short name — write 1 to 40")


@pytest.mark.parametrize("command", ["standings", "verify", "recount"])
def test_another_campaign_is_two_and_names_those_there_are(home: Home, command: str) -> None:
    said = home.call(command, "beita-2019")
    assert said == (2, "", "Error: name one of the campaigns: beita-2018\n")


@pytest.mark.parametrize("command", [["standings"], ["verify"], ["recount"], ["export", "out"]], ids=" ".join)
def test_before_the_first_vote_there_is_nothing_to_count(
    home: Home, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(home.folder)
    said = home.call(*command)
    assert (said.code, said.out) == (1, "")
    assert said.err.endswith("televote.db: nothing has been recorded yet\n")


def test_help_and_version() -> None:
    assert call("--version").out == f"televote, version {gateway.__version__}\n"
    helped = call("--help")
    assert helped.code == 0
    for command in (
        *("check", "close", "demo", "export", "health", "import", "init"),
        *("recount", "sample", "serve", "sources", "standings", "verify"),
    ):
        assert f"  {command} " in helped.out
        assert call(command, "-h").code == 0


def test_sources_lists_every_kind() -> None:
    kinds = {one["kind"]: one for one in call("sources", "--json").json()}
    assert list(kinds) == list(entrances.kinds())
    for one in kinds.values():
        assert set(one) == {
            *("kind", "channel", "by", "methods", "authentication", "signs", "time", "gives_time"),
            *("options", "configure", "reference"),
        }
        assert one["configure"]
    assert {name for name, one in kinds.items() if one["by"] == "file"} == {"asterisk-cdr", "csv"}
    assert {name for name, one in kinds.items() if one["by"] == "page"} == {"desk"}
    assert {one["channel"] for one in kinds.values()} == {"sms", "hotline"}


def test_sources_breaks_no_line_that_is_to_be_copied() -> None:
    said = call("sources")
    assert said.code == 0
    for one in call("sources", "--json").json():
        assert f"{one['kind']}  {one['channel']}, {one['by']}\n" in said.out
        for line in outside.plain(one["configure"]).splitlines():
            assert f"  {line}\n" in said.out


def test_health_where_nothing_is_served(home: Home) -> None:
    said = home.call("health")
    assert (said.code, said.err) == (1, "")
    assert said.json() == {"ready": False, "reasons": ["not_serving"], "version": gateway.__version__}


def test_health_while_somebody_edits_the_campaign(home: Home) -> None:
    """A container whose server counts is not restarted for what is half written: it would not start again."""
    with home.served():
        home.edit(home.campaign, "seats = 10", "seats = ")
        said = home.call("health")
    assert (said.code, said.json()["ready"]) == (0, True)


def test_health_where_the_settings_are_broken(home: Home) -> None:
    """Where the server is, stands there: of them it says what `check` says."""
    home.edit(home.settings, '[api]\ntoken_file = "api.token"', '[api]\ntoken_file = "api.tokens"')
    told = home.call("check").out.splitlines()
    said = home.call("health")
    assert (said.code, said.out) == (2, "")
    assert said.err.removeprefix("Error: ").splitlines() == told


def test_a_folder_that_cannot_be_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    said = ended(start("init", file / "var"))
    assert (said.code, said.out) == (2, "")
    assert said.err == f"Error: {file}/var/secrets: Not a directory\n"


def test_an_address_that_is_taken_is_two(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        home.edit(home.settings, "127.0.0.1:0", f"127.0.0.1:{port}")
        said = ended(home.start("serve"))
    assert said.code == 2
    assert f"{port}" in said.err
    assert said.err.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in said.err


def test_a_folder_whose_name_is_no_text(home: Home) -> None:
    """The backup is made, and said to be made, whatever can be shown of its name."""
    assert home.call("import", "--source", "hotline", home.log(commands.rows(3))).code == 0
    folder = Path(os.fsdecode(os.fsencode(home.folder) + b"/bad\xff"))
    for named, more in ((folder, ()), (folder.with_name(f"{folder.name}2"), ("--json",))):
        said = home.call("backup", named, *more)
        assert (said.code, said.err) == (0, "")
        assert more or "bad\\udcff: backed up" in said.out
        assert (named / "televote.db").exists()
