"""The service settings: defaults, the environment over the file, and every mistake at once."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from config import environment, load
from config.problems import Lang, Problem, Problems
from config.settings import Listen, Settings
from tally import note
from tests.config.reading import plain

TOKEN = "Qw3rTy-0123456789"


def read(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a file with this text."""
    path = folder / "televote.toml"
    path.write_text(text, encoding="utf-8")
    return load.settings(path, environ or {})


def said(
    folder: Path, text: str | None, environ: Mapping[str, str] | None = None, lang: Lang = "en"
) -> list[str]:
    """All that is said of the settings, warnings too."""
    path = folder / "televote.toml" if text is not None else None
    if path and text is not None:
        path.write_text(text, encoding="utf-8")
    found: list[Problem] = []
    try:
        load.settings(path, environ or {}, found)
    except Problems as problems:
        return plain(problems.problems, folder, lang)
    return plain(found, folder, lang)


def test_defaults_need_no_file() -> None:
    settings = load.settings(None, {})
    assert settings == Settings()
    assert (settings.data, settings.database) == ("var", "var/televote.db")
    assert settings.listen == Listen("127.0.0.1", 8080)
    assert (settings.limits.body_bytes, settings.limits.read_seconds) == (65_536, 3.0)
    assert (settings.limits.queue_messages, settings.limits.batch_messages) == (20_000, 8_000)
    assert (settings.node, settings.storage.synchronous) == ("n1", "FULL")


def test_folders_count_from_the_file(tmp_path: Path) -> None:
    settings = read(tmp_path, 'data = "state"\nsecrets = "/run/secrets"\n[storage]\nurl = "sqlite:db/t.db"')
    assert settings.data == str(tmp_path / "state")
    assert settings.campaigns == str(tmp_path / "campaigns")
    assert settings.secrets == "/run/secrets"
    assert settings.database == str(tmp_path / "db" / "t.db")
    assert read(tmp_path, "").database == str(tmp_path / "var" / "televote.db")
    assert read(tmp_path, '[storage]\nurl = "sqlite:/srv/t.db"').database == "/srv/t.db"


SOURCE = '[sources.sms]\nkind = "standard"\ncampaign = "small"\n'


def test_a_source(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        SOURCE
        + f'token = "{TOKEN}"\nallow_from = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]\n'
        + 'options = { secret = "s", nested = { a = [1] } }',
    )
    source = settings.sources["sms"]
    assert (source.clock, source.language, source.reply) == (None, "zh", False)
    assert [str(network) for network in source.allow_from] == ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]
    assert source.options == {"secret": "s", "nested": {"a": [1]}}
    assert source.token is not None
    assert source.token.get_secret_value() == TOKEN


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    environ = {
        "TELEVOTE_NODE": "n2",
        "televote_listen": "[::1]:0",
        "TELEVOTE_LIMITS__BODY_BYTES": "1024",
        "TELEVOTE_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2",
        "TELEVOTE_SOURCES__SMS__REPLY": "true",
        "TELEVOTE_SOURCES__SMS__ALLOW_FROM": '["192.0.2.0/24"]',
        "TELEVOTE_SOURCES__SMS__OPTIONS__PASSWORD": "0123",
        "TELEVOTE_SOURCES__IVR_2__KIND": "csv",
        "TELEVOTE_SOURCES__IVR_2__CAMPAIGN": "small",
        "TELEVOTE_PUBLIC_URL": "",
        "UNRELATED": "x",
    }
    settings = read(
        tmp_path,
        'node = "n1"\n[limits]\nbody_bytes = 1\nread_seconds = 5\n' + SOURCE + "reply = false",
        environ,
    )
    assert (settings.node, settings.listen, settings.public_url) == ("n2", Listen("::1", 0), None)
    assert (settings.limits.body_bytes, settings.limits.read_seconds) == (1024, 5.0)
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.1/32", "10.0.0.2/32"]
    sms, ivr = settings.sources["sms"], settings.sources["ivr_2"]
    assert (sms.kind, sms.reply, sms.options) == ("standard", True, {"password": "0123"})
    assert [str(network) for network in sms.allow_from] == ["192.0.2.0/24"]
    assert (ivr.kind, ivr.campaign) == ("csv", "small")


def test_the_process_environment_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEVOTE_NODE", "other")
    assert read(tmp_path, "").node == "n1"


@pytest.mark.parametrize("value", ["123", "true", "null", "[", "{", '{"a"', "[" * 5000])
def test_no_text_of_the_environment_is_read_as_something_else(value: str) -> None:
    values = environment.read({"TELEVOTE_SOURCES__SMS__OPTIONS__PASSWORD": value})
    assert values == {"sources": {"sms": {"options": {"password": value}}}}


def test_lists_under_options_are_json(tmp_path: Path) -> None:
    environ = {
        "TELEVOTE_SOURCES__SMS__OPTIONS__SECRETS": '["one", "two"]',
        "TELEVOTE_SOURCES__SMS__OPTIONS__CHOICE__MAP": '{"1": "A01"}',
        "TELEVOTE_SOURCES__SMS__OPTIONS__CHOICE__FROM": "[digits",
        "TELEVOTE_SOURCES__SMS__OUTBOX__KIND": "aliyun",
        "TELEVOTE_SOURCES__SMS__OUTBOX__OPTIONS__PARAMETERS": '["code"]',
    }
    source = read(tmp_path, SOURCE, environ).sources["sms"]
    assert source.options == {
        "secrets": ["one", "two"],
        "choice": {"map": {"1": "A01"}, "from": "[digits"},
    }
    assert source.outbox is not None
    assert source.outbox.options == {"parameters": ["code"]}


LISTEN = 'listen: is not an address and a port — write both, such as "127.0.0.1:8080" or "[::1]:8080"'
URL = (
    "public_url: is not a plain web address — write it as seen from outside, with no slash at its end, "
    "such as https://vote.example.org"
)
DATABASE = (
    "storage.url: is not a database this version can use — write sqlite: and the path of a file, "
    "such as sqlite:/var/lib/televote/televote.db, or postgresql://user@host/database"
)
PASSWORD = (
    "storage.url: has a password in it — put it into a file of the secrets folder, and write "
    'password_file = "postgresql.secret"'
)
WEAK = "is not a token that is hard to guess — write 16 to 200 letters, digits, - or _, made by chance"
NETWORK = "is not a network or address — write one such as 10.0.0.0/8 or 192.0.2.7"
SLUG = (
    "is not a short name "
    "— write 1 to 40 lower-case letters and digits, joined by single - or _, such as beita-2018"
)

LOG_KEY = note.Signer("notary.example", bytes(32)).verifier.vkey
WITNESS_KEY = note.Signer("notary.example", bytes(32)).witness.vkey
NO_KEY = (
    "is not a witness's key — copy the line that the witness prints as its key: name, +, 8 hexadecimal "
    "digits, +, base64"
)

# text of televote.toml, what is said
MISTAKES = {
    "nothing wrong": ("", []),
    "unknown key": ("lissen = 1", ["1: lissen: is not a key that is known here — is listen meant?"]),
    "unknown table": (
        "[storge]\nurl = 1",
        ["1: storge: is not a key that is known here — is storage meant?"],
    ),
    "unknown key of a source": (
        SOURCE + 'clok = "provider"',
        ["4: sources.sms.clok: is not a key that is known here — is clock meant?"],
    ),
    "listen: no port": ('listen = "127.0.0.1"', [f"1: {LISTEN}"]),
    "listen: no address": ('listen = ":8080"', [f"1: {LISTEN}"]),
    "listen: port too high": ('listen = "127.0.0.1:65536"', [f"1: {LISTEN}"]),
    "listen: bare IPv6": ('listen = "::1:8080"', [f"1: {LISTEN}"]),
    "listen: a number": ("listen = 8080", [f"1: {LISTEN}"]),
    "address: no scheme": ('public_url = "vote.example.org"', [f"1: {URL}"]),
    "address: other scheme": ('public_url = "ftp://vote.example.org"', [f"1: {URL}"]),
    "address: slash at the end": ('public_url = "https://vote.example.org/"', [f"1: {URL}"]),
    "address: user": ('public_url = "https://a:b@vote.example.org"', [f"1: {URL}"]),
    "address: query": ('public_url = "https://vote.example.org?a"', [f"1: {URL}"]),
    "address: bad port": ('public_url = "https://vote.example.org:99999"', [f"1: {URL}"]),
    "address: no host": ('public_url = "https://"', [f"1: {URL}"]),
    "proxy no network": ('trusted_proxies = ["proxy"]', [f"1: trusted_proxies[0]: {NETWORK}"]),
    "proxy inside a network": (
        'trusted_proxies = [\n  "10.0.0.1",\n  "10.0.0.1/8",\n]',
        [
            "3: trusted_proxies[1]: is an address inside a network, not the network "
            "— write 10.0.0.0/8, or the address alone"
        ],
    ),
    "every proxy": (
        'trusted_proxies = ["0.0.0.0/0"]',
        [
            "1: warning: trusted_proxies[0]: trusts every address, so anyone can pretend to be any address "
            "— name the proxy's own address"
        ],
    ),
    "node": ('node = "Node 1"', [f"1: node: {SLUG}"]),
    "empty folder": ('data = ""', ["1: data: is too short — write at least 1 characters"]),
    "folder no text": ("campaigns = 1", ["1: campaigns: is not a text — write it in quotes"]),
    "weak API token": ('[api]\ntoken = "secret"', [f"2: api.token: {WEAK}"]),
    "API token no text": ("[api]\ntoken = 1", ["2: api.token: is not a text — write it in quotes"]),
    "log level": (
        '[log]\nlevel = "loud"',
        ["2: log.level: is not one of the words allowed here — write one of: debug, info, warning, error"],
    ),
    "limits": (
        "[limits]\nbody_bytes = 0\nread_seconds = nan\nqueue_messages = 1.5\nbatch_messages = -1",
        [
            "2: limits.body_bytes: is too small — write 1 or more",
            "3: limits.read_seconds: is not a number — write digits, with a point if need be",
            "4: limits.queue_messages: is not a whole number — write digits without quotes or point",
            "5: limits.batch_messages: is too small — write 1 or more",
        ],
    ),
    "a log's key as a witness's": (
        f'[[ledger.witnesses]]\nkey = "{LOG_KEY}"\nurl = "https://w.example"',
        [
            "2: ledger.witnesses[0].key: is a log's key, not a witness's "
            "— copy the line that the witness prints as its key"
        ],
    ),
    "witnesses": (
        f'[[ledger.witnesses]]\nkey = "{WITNESS_KEY[:-2]}"\nurl = "https://w.example/"\n'
        '[[ledger.witnesses]]\nkey = "nothing"\n',
        [
            f"2: ledger.witnesses[0].key: {NO_KEY}",
            "3: ledger.witnesses[0].url: is not a plain web address — write where the witness listens, with "
            "no slash at its end, such as https://witness.example.org",
            "4: ledger.witnesses[1].url: is missing — add it",
            f"5: ledger.witnesses[1].key: {NO_KEY}",
        ],
    ),
    "a witness twice": (
        f'[[ledger.witnesses]]\nkey = "{WITNESS_KEY}"\nurl = "http://a.example"\n'
        f'[[ledger.witnesses]]\nkey = "{WITNESS_KEY}"\nurl = "http://b.example"\n',
        [
            "5: ledger.witnesses[1].key: has the name of a witness above it — have one of the two take "
            "another name"
        ],
    ),
    "batch over queue": (
        "[limits]\nqueue_messages = 10",
        ["1: limits.batch_messages: is more than queue_messages — write 10 or less"],
    ),
    "database of another kind": ('[storage]\nurl = "mysql://user@db/televote"', [f"2: {DATABASE}"]),
    "database without a name": ('[storage]\nurl = "postgresql://user@db/"', [f"2: {DATABASE}"]),
    "database with a password": (
        '[storage]\nurl = "postgresql://user:hunter2@db/televote"',
        [f"2: {PASSWORD}"],
    ),
    "database with a password behind it": (
        '[storage]\nurl = "postgresql://user@db/televote?sslmode=require&password=hunter2"',
        [f"2: {PASSWORD}"],
    ),
    "database with slashes": ('[storage]\nurl = "sqlite:///televote.db"', [f"2: {DATABASE}"]),
    "database in memory": ('[storage]\nurl = "sqlite::memory:"', [f"2: {DATABASE}"]),
    "synchronous": (
        '[storage]\nsynchronous = "NORMAL"',
        ['2: storage.synchronous: would lose acknowledged votes in a power cut — write "FULL" or "EXTRA"'],
    ),
    "source without kind": (
        '[sources.sms]\ncampaign = "small"',
        ["1: sources.sms.kind: is missing — add it"],
    ),
    "source with a capital": (
        '[sources.SMS]\nkind = "standard"\ncampaign = "small"',
        [f"1: sources.SMS: {SLUG}"],
    ),
    "source's values": (
        SOURCE + 'clock = "sender"\ntoken = "a b"\nallow_from = 1\nregion = "cn"\narea_code = '
        '"x"\ntimezone = "Shanghai"\n' + 'language = "fr"\nreply = "maybe"\nbody_bytes = 0\noptions = 1',
        [
            "4: sources.sms.clock: is not one of the words allowed here — write one of: arrival, provider",
            f"5: sources.sms.token: {WEAK}",
            "6: sources.sms.allow_from: is not a list — write the values in square brackets",
            "7: sources.sms.region: is not a country or region code of two letters — write one such as CN",
            "8: sources.sms.area_code: is not an area code "
            "— write 1 to 6 digits in quotes, with the leading zero, "
            'such as "0739"',
            "9: sources.sms.timezone: is not a known time zone — write one such as Asia/Shanghai",
            "10: sources.sms.language: is not one of the words allowed here — write one of: zh, en",
            "11: sources.sms.reply: is neither true nor false — write true or false without quotes",
            "12: sources.sms.body_bytes: is too small — write 1 or more",
            "13: sources.sms.options: is not a table of keys "
            "— write it as a [section], or as { key = value }",
        ],
    ),
    "TOML": (
        "a = [",
        ["1: column 6: this is not a value (texts stand in quotes) — see docs/campaign-file.md"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str, tmp_path: Path) -> None:
    text, expected = MISTAKES[name]
    assert said(tmp_path, text) == [f"televote.toml:{line}" for line in expected]


def test_mistakes_in_chinese(tmp_path: Path) -> None:
    assert said(tmp_path, 'lissen = 1\n[storage]\nsynchronous = "OFF"', lang="zh") == [
        "televote.toml:1: lissen: 此处没有这个键 — 是否应为 listen？",
        'televote.toml:3: storage.synchronous: 断电时会丢失已确认的选票 — 请写 "FULL" 或 "EXTRA"',
    ]


# environment, what is said; the file has one right source
VARIABLES = {
    "wrong value": (
        {"TELEVOTE_LIMITS__BODY_BYTES": "many"},
        [
            "environment: TELEVOTE_LIMITS__BODY_BYTES: is not a whole number "
            "— write digits without quotes or point"
        ],
    ),
    "wrong value in a list": (
        {"TELEVOTE_TRUSTED_PROXIES": "10.0.0.1,proxy"},
        [f"environment: TELEVOTE_TRUSTED_PROXIES[1]: {NETWORK}"],
    ),
    "no JSON": (
        {"TELEVOTE_SOURCES": "{sms"},
        [
            "environment: TELEVOTE_SOURCES: is not a table of keys "
            "— write it as a [section], or as { key = value }"
        ],
    ),
    "wrong value in JSON": (
        {"TELEVOTE_LIMITS": '{"body_bytes": 0}'},
        ["environment: TELEVOTE_LIMITS__BODY_BYTES: is too small — write 1 or more"],
    ),
    "wrong value in a table of a list": (
        {"TELEVOTE_LEDGER__WITNESSES": '[{"key": "x", "url": "https://notary.example"}]'},
        [f"environment: TELEVOTE_LEDGER__WITNESSES[0].key: {NO_KEY}"],
    ),
    "unknown key in a table": (
        {"TELEVOTE_LIMITS__BODY_BITES": "1"},
        ["environment: TELEVOTE_LIMITS__BODY_BITES: is not a key that is known here — is body_bytes meant?"],
    ),
    "unknown variable": (
        {"TELEVOTE_LISTN": "x"},
        [
            "environment: warning: TELEVOTE_LISTN: is not a setting, and is ignored "
            "— is TELEVOTE_LISTEN meant?"
        ],
    ),
    "one underscore": (
        {"TELEVOTE_STORAGE_SYNCHRONOUS": "EXTRA"},
        [
            "environment: warning: TELEVOTE_STORAGE_SYNCHRONOUS: is not a setting, and is ignored "
            "— is TELEVOTE_STORAGE__SYNCHRONOUS meant?"
        ],
    ),
    "a container's own variable": (
        {"TELEVOTE_PORT_8080_TCP_ADDR": "10.0.0.1", "TELEVOTE_SETTINGS": "x.toml", "TELEVOTE_LANG": "zh"},
        [
            "environment: warning: TELEVOTE_PORT_8080_TCP_ADDR: is not a setting, and is ignored "
            "— take it away"
        ],
    ),
    "below a plain value": (
        {"TELEVOTE_NODE__NAME": "x"},
        [
            "environment: warning: TELEVOTE_NODE__NAME: is not a setting, and is ignored "
            "— is TELEVOTE_NODE meant?"
        ],
    ),
    "missing beside a variable": (
        {"TELEVOTE_SOURCES__IVR__KIND": "csv"},
        ["environment: TELEVOTE_SOURCES__IVR__CAMPAIGN: is missing — add it"],
    ),
    "a source of the file": (
        {"TELEVOTE_SOURCES__SMS__CLOCK": "sender"},
        [
            "environment: TELEVOTE_SOURCES__SMS__CLOCK: is not one of the words allowed here "
            "— write one of: arrival, provider"
        ],
    ),
}


@pytest.mark.parametrize("name", VARIABLES)
def test_variable(name: str, tmp_path: Path) -> None:
    environ, expected = VARIABLES[name]
    assert said(tmp_path, SOURCE, environ) == expected


def test_no_file_but_variables(tmp_path: Path) -> None:
    assert said(tmp_path, None, {"TELEVOTE_SOURCES__IVR__KIND": "csv"}) == [
        "environment: TELEVOTE_SOURCES__IVR__CAMPAIGN: is missing — add it"
    ]
