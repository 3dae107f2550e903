"""`televote users`, beside a server and without one; and the links that a start prints."""

import json
import re
import urllib.request
from itertools import islice
from pathlib import Path
from subprocess import Popen

import pytest

from gateway.asking import users
from tests.cli.commands import Home, Said, ended, start
from tests.pages.browser import link_in


def made(home: Home, *words: str) -> Said:
    """An account that should be made."""
    said = home.call("users", "add", *words)
    assert (said.code, said.err) == (0, ""), said
    return said


def listed(home: Home) -> dict[str, str]:
    said = home.call("users", "list", "--json")
    assert said.code == 0
    return {one["login"]: one["state"] for one in said.json()["users"]}


def chief(home: Home) -> None:
    first = made(home, "chief", "--name", "王芳", "--role", "administrator")
    assert re.fullmatch(r"for its owner.*:\nhttp://\S+/welcome/\S{43}\n", first.out)


def every_command(home: Home) -> None:
    second = made(home, "zhao", "--name", "赵磊", "--role", "committee", "--campaign", "beita-2018", "--json")
    assert list(second.json()) == ["link"]
    assert listed(home) == {"chief": "waiting", "zhao": "waiting"}
    table = home.call("users", "list", lang="zh").out
    assert all(word in table for word in ("chief", "王芳", "管理员", "全部", "待设置密码", "组委会"))
    assert home.call("users", "disable", "zhao").out == "zhao: disabled\n"
    assert home.call("users", "disable", "zhao", "--json").json() == {}
    assert listed(home) == {"chief": "waiting", "zhao": "disabled"}
    assert home.call("users", "reset", "zhao").code == 1
    assert home.call("users", "enable", "zhao", lang="zh").out == "zhao: 已启用\n"
    again = home.call("users", "reset", "zhao")
    assert link_in(again.out) != link_in(second.out)
    for words, told in (
        (("disable", "chief"), "Error: This is the only administrator: add another one first.\n"),
        (("reset", "nobody"), "Error: There is no such account.\n"),
        (("add", "zhao", "--name", "Z", "--role", "operator"), "Error: There is such an account already.\n"),
        (("add", "a", "--name", "Z", "--role", "operator"), "Error: A login is 2 to 40 small letters"),
        (
            ("add", "aa", "--name", "Z", "--role", "operator", "--campaign", "x"),
            "Error: There is no such vote",
        ),
    ):
        said = home.call("users", *words)
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith(told), said.err
    assert home.call("users", "add", "aa", "--name", "Z", "--role", "emperor").code == 2


def test_alone(home: Home) -> None:
    chief(home)
    every_command(home)


def test_beside_a_server(home: Home) -> None:
    chief(home)
    with home.served() as said:
        every_command(home)
        url = json.loads(home.call("users", "reset", "zhao", "--json").out)["link"]
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert "赵磊" in answer.read().decode(), "the link leads to the server"
    lines = [json.loads(line) for line in said[0].err.splitlines()]
    logged = {(one["event"], one["account"]): one for one in lines if "account" in one}
    added = {key: logged["account_added", "zhao"][key] for key in ("role", "campaigns", "by")}
    assert added == {"role": "committee", "campaigns": ["beita-2018"], "by": "televote users"}
    assert "/welcome/" not in said[0].err, "no link is in the log"


def test_a_start_tells_what_was_done_before_it(home: Home) -> None:
    chief(home)
    made(home, "zhao", "--name", "赵磊", "--role", "committee", "--campaign", "beita-2018")
    assert home.call("users", "disable", "zhao").code == 0
    with home.start("serve") as process:
        assert process.stderr is not None
        lines = (json.loads(line) for line in process.stderr)
        told = list(islice((one for one in lines if one["event"] == "account_stands"), 2))
        process.terminate()
        ended(process)
    assert [(one["account"], one["role"], one["campaigns"], one["state"]) for one in told] == [
        ("chief", "administrator", [], "waiting"), ("zhao", "committee", ["beita-2018"], "disabled"),
    ]  # fmt: skip


def test_a_public_address_is_where_links_lead(home: Home) -> None:
    listen = 'listen = "127.0.0.1:0"'
    home.edit(home.settings, listen, f'{listen}\npublic_url = "https://vote.example"')
    said = made(home, "chief", "--name", "王芳", "--role", "administrator")
    assert "\nhttps://vote.example/welcome/" in said.out


def test_without_a_key_there_are_no_accounts(home: Home) -> None:
    home.edit(home.settings, 'key_file = "accounts.secret"', "")
    said = home.call("users", "list")
    assert said.code == 2
    assert "openssl rand -hex 32 > secrets/accounts.secret" in said.err
    with home.served() as served:
        pass
    assert served[0].out == ""


@pytest.mark.parametrize("key", ["", "00" * 32, "abc", "g" * 64])
def test_a_key_that_is_none(home: Home, key: str) -> None:
    (home.folder / "secrets/accounts.secret").write_text(key)
    said = home.call("check")
    assert said.code == 1
    assert "accounts.key_file" in said.out


def test_a_server_without_an_administrator_prints_a_link_to_become_one(home: Home) -> None:
    links = []
    for _ in range(2):
        with home.served() as said:
            pass
        links.append(link_in(said[0].out))
        assert "/welcome/" not in said[0].err
    assert links[0] != links[1]
    assert listed(home) == {"admin": "waiting"}


def sampled(folder: Path) -> tuple[list[str], Popen[str]]:
    process = start("sample", "--folder", folder, "--listen", "127.0.0.1:0")
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            return lines, process
    raise AssertionError(lines)


def test_the_sample_has_people_to_try_it_with(tmp_path: Path) -> None:
    lines, process = sampled(tmp_path / "var")
    try:
        links = [line for line in lines if "/welcome/" in line]
        assert len(links) == len(users.SAMPLE)
        for (_, name, _), line in zip(users.SAMPLE, links, strict=True):
            assert line.rstrip().endswith(name)
            with urllib.request.urlopen(re.search(r"http\S+", line)[0], timeout=10) as answer:  # type: ignore[index]
                assert name in answer.read().decode()
        home = Home(tmp_path / "var")
        assert home.call("users", "disable", "operator").code == 0
    finally:
        process.terminate()
        ended(process)
    lines, process = sampled(tmp_path / "var")
    try:
        assert len([line for line in lines if "/welcome/" in line]) == len(users.SAMPLE) - 1
    finally:
        process.terminate()
        ended(process)
