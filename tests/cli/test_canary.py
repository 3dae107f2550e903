"""No number, no text and no secret is in anything that a command says or exports for the public."""

from pathlib import Path

import pytest

from tests.cli.commands import Home, Said, call, minutes_ago

#: Numbers in every spelling, and a text: none may come out again.
CANARIES = ("13877766655", "3877766", "0739-5377766", "5377766", "暗号珊瑚")


def every_command(home: Home) -> list[Said]:
    """What all commands say, in both languages and as JSON, to good files and to bad ones."""
    at = minutes_ago()
    log = home.log(
        [
            f"1,13877766655,{at},A01",
            f"2,+86 138 7776 6655,{at},A02",
            f"3,0739-5377766,{at},暗号珊瑚 A03",
            f"4,5377766,{at},A99 13877766655",
            f"5,13877766655 or 5377766,{at},A01",
            "6,13877766655,13877766655,A01",
            "7,13877766655",
            f'8,"13877766655,{at},暗号珊瑚',
            f"9,1.38777E+10,{at},A01",
        ],
    )
    other = home.folder / "other.csv"
    other.write_text("5377766,13877766655,暗号珊瑚\n13877766655,5377766,A01\n", "utf-8")
    out = home.folder / "out"
    again = ["recount", "--judge"]
    asked = (["standings"], ["verify"], again, ["check"], ["health"], ["sources"], ["export", out])
    with_json = ("standings", "verify", "recount", "check", "sources")
    return [
        home.call("import", "--source", "hotline", log),
        home.call("import", "--source", "hotline", "--json", log),
        home.call("import", "--source", "hotline", other),
        *(home.call(*words, lang=lang) for lang in ("en", "zh") for words in asked),
        *(home.call(command, "--json") for command in with_json),
        home.call("export", out, "--json"),
        home.call("close", "--by", "chair", "--reason", "a test", "--now"),
    ]


@pytest.mark.parametrize("served", [False, True], ids=["alone", "beside a server"])
def test_nothing_comes_out(home: Home, served: bool) -> None:
    home.edit(home.campaign, "bar_list = []", 'bar_list = ["13877766655"]')
    if served:
        with home.served() as log:
            said = every_command(home)
        said += log
    else:
        said = every_command(home)
    secrets = [file.read_text().strip() for file in (home.folder / "secrets").iterdir()]
    told = "".join(one.out + one.err for one in said)
    assert len(secrets) == 5
    for canary in (*CANARIES, *secrets):
        assert canary not in told
    for file in (home.folder / "out").iterdir():
        content = file.read_bytes()  # the ledger's ZIP is not compressed
        for canary in (*CANARIES, *secrets):
            assert canary.encode() not in content, file.name
    database = b"".join(file.read_bytes() for file in home.folder.glob("televote.db*"))
    for canary in (*CANARIES, *secrets):
        assert canary.encode() not in database


def test_a_broken_file_is_not_quoted(home: Home, tmp_path: Path) -> None:
    """What stands in a settings or campaign file where something else should, may be a secret or a number."""
    secret = (home.folder / "secrets/sms.secret").read_text().strip()
    home.edit(home.settings, '["sms.secret"]', f'["sms.secret"], secrets = "{secret}"')
    home.edit(home.settings, 'token_file = "sim.token"', f'token = "{CANARIES[0]} {CANARIES[0]}"')
    home.edit(home.campaign, "test_lines = []", f'test_lines = ["{CANARIES[0]}x"]')
    home.edit(home.campaign, 'withdrawal = "keep"', f'withdrawal = "{CANARIES[0]}"')
    for said in (home.call("check"), home.call("check", "--json"), home.call("standings", lang="zh")):
        assert said.code in (1, 2)
        for canary in (*CANARIES, secret):
            assert canary not in said.out + said.err
    assert call("init", home.folder).code == 2
