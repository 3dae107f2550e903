"""Secrets come from their files, and are shown nowhere."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from config import load
from config.problems import Lang, Problem, Problems
from tests.config.reading import DATA, plain

TOKEN = "Qw3rTy-0123456789"
CANARY = "CANARY-do-not-show-0123456789"
KEY = "00112233445566778899aabbccddeeff" * 2
SOURCE = '[sources.sms]\nkind = "standard"\ncampaign = "small"\n'


@pytest.fixture(name="home")
def _home(tmp_path: Path) -> Path:
    """A settings folder with a secrets folder in it; nobody else may read what tests write."""
    (tmp_path / "secrets").mkdir()
    return tmp_path


def hide(file: Path, content: str | bytes) -> None:
    """Writes a secret file with the right permissions."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    file.chmod(0o600)


def said(home: Path, text: str, environ: dict[str, str] | None = None, lang: Lang = "en") -> list[str]:
    """All that is said of settings with this text, warnings too."""
    (home / "televote.toml").write_text(text, encoding="utf-8")
    found: list[Problem] = []
    try:
        load.settings(home / "televote.toml", environ or {}, found)
    except Problems as problems:
        return plain(problems.problems, home, lang)
    return plain(found, home, lang)


def secret(value: SecretStr | None) -> str:
    """The text of a secret that is there."""
    assert value is not None
    return value.get_secret_value()


def test_secrets_are_read_from_their_files(home: Path) -> None:
    hide(home / "secrets" / "api", "\ufeff" + TOKEN + "\n")
    hide(home / "sms", "Beside-the-settings\r\n")
    hide(home / "secrets" / "one", "first")
    hide(home / "secrets" / "two", "second ")
    (home / "televote.toml").write_text(
        f'[api]\ntoken_file = "api"\n{SOURCE}token_file = "sms"\n'
        '[sources.sms.options]\nsecrets_file = ["one", "two"]\nuser_file = "one"\nplain = "x"\n'
        '[sources.sms.options.deep]\npassword_file = "two"\n',
        encoding="utf-8",
    )
    settings = load.settings(home / "televote.toml", {})
    assert secret(settings.api.token) == TOKEN
    assert secret(settings.sources["sms"].token) == "Beside-the-settings"
    assert settings.sources["sms"].options == {
        "secrets": ["first", "second "],
        "user": "first",
        "plain": "x",
        "deep": {"password": "second "},
    }


def test_the_environment_may_name_the_file_or_the_secret(home: Path) -> None:
    hide(home / "elsewhere", TOKEN)
    hide(home / "secrets" / "file", "From-the-file-0123456789")
    text = f'[api]\ntoken = "From-the-text-0123456789"\n{SOURCE}token_file = "file"\n'
    (home / "televote.toml").write_text(text, encoding="utf-8")
    settings = load.settings(
        home / "televote.toml",
        {
            "TELEVOTE_API__TOKEN_FILE": str(home / "elsewhere"),
            "TELEVOTE_SOURCES__SMS__TOKEN": "From-the-environment",
        },
    )
    assert secret(settings.api.token) == TOKEN
    assert secret(settings.sources["sms"].token) == "From-the-environment"


READABLE = "names a secret file that every user of the machine can read — take that right away: chmod o-r"
TEXTUAL = "names a secret file that is not a short UTF-8 text — is it the right file?"
PATH = "is not the path of a file — write a path in quotes, or a list of paths"
LOST = "put the file into the secrets folder, or give its full path"

MISTAKES = {
    "missing": (
        '[api]\ntoken_file = "none"',
        [f"2: api.token_file: names a secret file that cannot be read: No such file or directory — {LOST}"],
    ),
    "a folder": (
        '[api]\ntoken_file = "."',
        [f"2: api.token_file: names a secret file that cannot be read: Is a directory — {LOST}"],
    ),
    "impossible path": (
        '[api]\ntoken_file = "a\\u0000b"',
        [f"2: api.token_file: names a secret file that cannot be read: ValueError — {LOST}"],
    ),
    "empty": (
        '[api]\ntoken_file = "empty"',
        ["2: api.token_file: names a secret file that is empty — write the secret into it"],
    ),
    "not UTF-8": ('[api]\ntoken_file = "binary"', [f"2: api.token_file: {TEXTUAL}"]),
    "zeros": ('[api]\ntoken_file = "zeros"', [f"2: api.token_file: {TEXTUAL}"]),
    "endless": ('[api]\ntoken_file = "large"', [f"2: api.token_file: {TEXTUAL}"]),
    "weak": (
        '[api]\ntoken_file = "weak"',
        [
            "2: api.token_file: is not a token that is hard to guess "
            "— write 16 to 200 letters, digits, - or _, made by chance"
        ],
    ),
    "both": (
        '[api]\ntoken = "x"\ntoken_file = "good"',
        [
            "2: api.token: is not a token that is hard to guess "
            "— write 16 to 200 letters, digits, - or _, made by chance",
            "3: api.token_file: gives a secret that api.token gives too — keep one of the two",
        ],
    ),
    "path no text": ("[api]\ntoken_file = 1", [f"2: api.token_file: {PATH}"]),
    "path empty": ('[api]\ntoken_file = ""', [f"2: api.token_file: {PATH}"]),
    "no paths": (SOURCE + "options = { keys_file = [] }", [f"4: sources.sms.options.keys_file: {PATH}"]),
    "one of several missing": (
        SOURCE + '[sources.sms.options]\nkeys_file = ["good", "none"]',
        [
            "5: sources.sms.options.keys_file: names a secret file that cannot be read: "
            f"No such file or directory — {LOST}"
        ],
    ),
    "readable by all": ('[api]\ntoken_file = "open"', [f"2: warning: api.token_file: {READABLE}"]),
    "no secret there": (
        '[log]\nlevel_file = "good"',
        ["2: log.level_file: is not a key that is known here — is level meant?"],
    ),
    "not a key with a file": (
        SOURCE + 'kin_file = "good"',
        ["4: sources.sms.kin_file: is not a key that is known here — is kind meant?"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str, home: Path) -> None:
    folder = home / "secrets"
    hide(folder / "good", TOKEN)
    hide(folder / "empty", "\n")
    hide(folder / "binary", b"\xff\xfe" * 10)
    hide(folder / "zeros", b"\0" * 20)
    hide(folder / "large", b"a" * 70_000)
    hide(folder / "weak", "weak")
    hide(folder / "open", TOKEN)
    (folder / "open").chmod(0o644)
    text, expected = MISTAKES[name]
    assert said(home, text) == [f"televote.toml:{line}" for line in expected]


def test_a_file_named_by_the_environment(home: Path) -> None:
    assert said(home, "", {"TELEVOTE_API__TOKEN_FILE": "none"}, "zh") == [
        "environment: TELEVOTE_API__TOKEN_FILE: 所指的密钥文件无法读取：No such file or directory "
        "— 请将文件放入密钥目录，或写完整路径"
    ]


WRONG_TEXTS = {
    "token": f'[api]\ntoken = "{CANARY} !"',
    "token as a list": f'[api]\ntoken = ["{CANARY}"]',
    "token as a table": f'[api]\ntoken = {{ value = "{CANARY}" }}',
    "source's token": SOURCE + f'token = "{CANARY}//"',
    "options no table": SOURCE + f'options = "{CANARY}"',
    "options in a wrong source": f'[sources.sms]\n[sources.sms.options]\nsecret = "{CANARY}"',
    "database's password": f'[storage]\nurl = "postgresql://u:{CANARY}@db/x"',
    "token in the web address": f'public_url = "https://u:{CANARY}@example.org"',
    "unknown key": f'tokn = "{CANARY}"',
    "not closed": f'[api]\ntoken = "{CANARY}',
    "no quotes": f"[api]\ntoken = {CANARY}",
    "secret in its file's place": f'[api]\ntoken_file = "{CANARY}"',
    "secret file of another kind": "[api]\ntoken_file = 'canary'",
}


@pytest.mark.parametrize("name", WRONG_TEXTS)
def test_no_message_shows_a_secret(name: str, home: Path) -> None:
    hide(home / "secrets" / "canary", f"{CANARY} and more")
    for lang in ("en", "zh"):
        lines = said(home, WRONG_TEXTS[name], lang="zh" if lang == "zh" else "en")
        assert lines
        assert not any(CANARY in line for line in lines)


def test_no_message_shows_a_secret_of_the_environment(home: Path) -> None:
    environ = {
        "TELEVOTE_API__TOKEN": f"{CANARY}!",
        "TELEVOTE_TOKEN": CANARY,
        "TELEVOTE_SOURCES": f'{{"{CANARY}',
    }
    lines = said(home, "", environ)
    assert len(lines) == 3
    assert not any(CANARY in line for line in lines)


def test_no_representation_shows_a_secret(home: Path) -> None:
    hide(home / "secrets" / "canary", CANARY)
    text = (
        f'[api]\ntoken = "{CANARY}"\n{SOURCE}token_file = "canary"\noptions = {{ '
        f'secret_file = "canary", a = "{CANARY}" }}'
    )
    (home / "televote.toml").write_text(text, encoding="utf-8")
    (home / "campaigns").mkdir()
    (home / "campaigns" / "small.toml").write_bytes((DATA / "small.toml").read_bytes())
    hide(home / "secrets" / "small.key", KEY)
    loaded = load.everything(home / "televote.toml", {})
    assert loaded.settings.sources["sms"].options == {"secret": CANARY, "a": CANARY}
    for shown in (repr(loaded), str(loaded), repr(loaded.settings), str(loaded.settings)):
        assert CANARY not in shown
        assert "13800138000" not in shown
        assert KEY[:32] not in shown
        assert repr(bytes.fromhex(KEY)) not in shown


def test_a_campaign_key(home: Path) -> None:
    hide(home / "small.key", KEY + "\n")
    assert load.key(home, "small").get_secret_value() == bytes.fromhex(KEY)
    hide(home / "small.key", "\ufeff" + KEY.upper() + "\r\n")
    assert load.key(home, "small").get_secret_value() == bytes.fromhex(KEY)


SHAPE = (
    "does not hold a campaign's key — it must hold 64 hexadecimal digits made by chance: openssl rand -hex 32"
)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "abc",
        KEY[:-1],
        KEY + "0",
        KEY + "\n\n" + KEY,
        "x" * 64,
        "0" * 64,
        "01" * 32,
        b"\xff" * 64,
        "０" * 64,
    ],
    ids=[
        "empty",
        "short",
        "one less",
        "one more",
        "two",
        "letters",
        "zeros",
        "pattern",
        "bytes",
        "full width",
    ],
)
def test_what_is_no_key(content: str | bytes, home: Path) -> None:
    hide(home / "small.key", content)
    with pytest.raises(Problems) as raised:
        load.key(home, "small")
    assert plain(raised.value.problems, home) == [f"small.key: {SHAPE}"]


def test_a_key_that_is_missing_or_open(home: Path) -> None:
    with pytest.raises(Problems) as raised:
        load.key(home, "small")
    assert plain(raised.value.problems, home) == [
        "small.key: the campaign's key cannot be read: No such file or directory "
        "— make one with: openssl rand -hex 32 (and never change it during a campaign)"
    ]
    hide(home / "small.key", KEY)
    (home / "small.key").chmod(0o644)
    warnings: list[Problem] = []
    load.key(home, "small", warnings)
    assert plain(warnings, home) == [
        "small.key: warning: can be read by every user of the machine — take that right away: chmod o-r"
    ]
