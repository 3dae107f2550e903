"""What the count says of itself: standings, verify, recount, export, close; alone, and beside a server."""

import hashlib
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import gateway
from tests.cli import commands
from tests.cli.commands import CAMPAIGN, Home, ended, outcomes, rows

ROOT = re.compile(r"[0-9a-f]{64}")


@pytest.fixture(name="counted")
def _counted(home: Home) -> Home:
    """Twelve votes, two of them for the first candidate, and a repeat."""
    log = home.log([*rows(12), f"again,{rows(1)[0].partition(',')[2]}"])
    assert home.call("import", "--source", "hotline", log).code == 0
    return home


def tamper(home: Home, sql: str) -> None:
    """An insider with the file in his hands."""
    with closing(sqlite3.connect(home.database)) as db:
        for trigger in ("entries_keep", "entries_stay", "entries_once"):
            db.execute(f"DROP TRIGGER {trigger}")
        assert db.execute(sql).rowcount >= 1
        db.commit()


def shape(value: Any) -> Any:
    """The keys of a JSON value, of a list those of its first item."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


CANDIDATE = {"code": "str", "name": "str", "unit": "str", "votes": "int", "rank": "int"} | {
    "by_channel": {"sms": "int", "hotline": "int"}
}
CONTEST = {"id": "str", "name": "str", "seats": "int", "votes": "int", "candidates": [CANDIDATE]}
NONE = {"messages": {"received": "int"}, "selections": {"made": "int"}, "balanced": "bool"}
BALANCE = {
    "messages": {"received": "int", "counted": "int", "repeat": "int"},
    "selections": {"made": "int", "counted": "int", "same_candidate": "int"},
    "balanced": "bool",
}
STANDINGS = {"campaign": "str", "name": "str", "status": "str", "as_of": "str", "contests": [CONTEST]} | {
    "balance": {**BALANCE, "waiting": "int", "by_channel": {"sms": NONE, "hotline": BALANCE}}
}


def test_standings_as_json_have_the_one_shape(counted: Home) -> None:
    said = counted.call("standings", "--json")
    assert (said.code, said.err) == (0, "")
    told = said.json()
    assert shape(told) == STANDINGS
    assert (told["campaign"], told["status"], told["balance"]["balanced"]) == (CAMPAIGN, "open", True)
    assert outcomes(told) == {"counted": 12, "repeat": 1}
    assert [(one["code"], one["votes"]) for one in told["contests"][0]["candidates"][:2]] == [
        ("A01", 2),
        ("A02", 1),
    ]
    assert counted.call("standings", CAMPAIGN, "--json").json()["contests"] == told["contests"]


@pytest.mark.parametrize(
    ("lang", "status", "total", "heading"),
    [("en", "open", "total 12", "candidate"), ("zh", "进行中", "共 12", "候选")],
)
def test_standings_for_people(counted: Home, lang: str, status: str, total: str, heading: str) -> None:
    said = counted.call("standings", lang=lang)
    assert (said.code, said.err) == (0, "")
    for text in (status, total, heading, "A01", "社保窗口", "= 13"):
        assert text in said.out
    assert "\x1b" not in said.out, "no colours where nobody looks"


def test_names_and_paths_are_shown_as_they_are(home: Home) -> None:
    name = "[red]窗口[/bold] :heart: " + "很长的名称" * 12
    home.edit(home.campaign, "社保窗口（示例）", name)
    log = home.log(rows(3), name="page [red].csv")
    assert str(log) in "".join(home.call("import", "--source", "hotline", log).out.split("\n"))
    shown = "".join(home.call("standings").out.split())
    for part in ("[red]窗口[/bold]", ":heart:"):
        assert part in shown
    assert shown.count("很长的名称"[:1]) == 12, "nothing is cut off"
    folder = home.folder / "[red]out"
    assert "[red]out" in home.call("export", folder).out


def test_standings_beside_a_server_are_the_same(counted: Home) -> None:
    alone = counted.call("standings", "--json").json()
    with counted.served():
        beside = counted.call("standings", "--json")
        health = counted.call("health")
        assert counted.call("health", "--json").json() == health.json()
        second = counted.call("serve")
    assert (beside.code, beside.err) == (0, "")
    assert beside.json() | {"as_of": ""} == alone | {"as_of": ""}
    assert (health.code, health.json()["ready"]) == (0, True)
    assert second.code == 2
    assert "another process has" in second.err
    assert counted.call("health").code == 1


def test_verify(counted: Home) -> None:
    said = counted.call("verify", "--json")
    assert (said.code, said.err) == (0, "")
    told = said.json()
    assert (set(told), told["entries"]) == ({"entries", "roots"}, 13 + len(("config", "open")))
    assert ROOT.fullmatch(told["roots"]["n1"])
    assert counted.call("verify").out == (
        f"15 entries are as they were written\nroot of n1: {told['roots']['n1']}\n"
    )
    assert counted.call("verify", lang="zh").out == (
        f"15 条账目与写入时一致\nn1 的账本根：{told['roots']['n1']}\n"
    )


def test_recount(counted: Home) -> None:
    said = counted.call("recount", "--json")
    assert (said.code, said.err) == (0, "")
    told = said.json()
    assert set(told) == {"agrees", "entries", "roots", "differences", "faults", "standings"}
    assert (told["agrees"], told["entries"], told["differences"], told["faults"]) == (True, 15, [], [])
    kept = counted.call("standings", "--json").json()
    assert told["standings"]["contests"] == kept["contests"]
    assert told["standings"]["balance"] == kept["balance"]
    assert "15 entries; it agrees" in counted.call("recount").out
    assert "15 条账目，与保存的票数完全一致" in counted.call("recount", lang="zh").out
    assert "and 0 rulings; 0 are otherwise" in counted.call("recount", "--judge").out
    assert "0 项裁定，0 项与记录不同" in counted.call("recount", "--judge", lang="zh").out
    again = counted.call("recount", "--judge", "--json").json()["judged"]
    assert (again["rulings"], again["otherwise"]) == (0, [])


def test_votes_that_the_rules_judge_otherwise_are_named(counted: Home) -> None:
    named = '"csv"\ncampaign = "beita-2018"\nclock = '
    counted.edit(counted.settings, f'{named}"provider"', f'{named}"arrival"')
    said = counted.call("recount", "--judge", lang="zh")
    assert (said.code, said.err) == (1, "Error: 按规则判定与记录不同\n")
    assert re.search(r"n1 第 \d+ 条：记录为 counted, .*provider；按规则应为 counted, .*arrival", said.out)


def test_a_tampered_total_is_found_by_a_recount(counted: Home) -> None:
    tamper(
        counted,
        "UPDATE totals SET n = n + 5"
        " WHERE subject = 'selection' AND candidate = 'A03' AND outcome = 'counted'",
    )
    said = counted.call("verify")
    assert (said.code, "A03 counted: 6 kept, 1 by the ledger" in said.err) == (1, True)
    said = counted.call("recount", "--json")
    assert (said.code, said.err) == (1, "Error: the recount does not agree with what was kept\n")
    assert counted.call("recount", lang="zh").err == "Error: 重新计票与保存的票数不一致\n"
    told = said.json()
    assert told["agrees"] is False
    (difference,) = told["differences"]
    assert (difference["kept"], difference["recounted"]) == (6, 1)
    assert "A03" in difference["what"]
    said = counted.call("recount")
    assert said.code == 1
    assert "kept 6, recounted 1" in said.out
    out = counted.folder / "out"
    said = counted.call("export", out)
    assert (said.code, said.out) == (1, "")
    assert "run `televote recount`" in said.err
    assert not list(out.iterdir())
    said = counted.call("standings", "--json")
    assert said.code == 1, "the sums do not agree either"
    assert said.json()["balance"]["balanced"] is False


def test_a_tampered_entry_is_named(counted: Home) -> None:
    tamper(counted, "UPDATE entries SET kind = 'late' WHERE seq = 7")
    for command in ("verify", "recount"):
        said = counted.call(command)
        assert (said.code, said.out) == (1, "")
        assert "the ledger is damaged at" in said.err
        assert "7" in said.err
    assert counted.call("export", counted.folder / "out").code == 1
    said = ended(counted.start("verify"))
    assert said.code == 1
    assert said.err.count("\n") == 1, "and nothing else is said"


def test_a_file_that_is_no_database_is_one(home: Home) -> None:
    home.database.write_bytes(b"not a database" * 1000)
    for command in ("standings", "verify", "recount"):
        said = home.call(command)
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith(f"Error: cannot read {home.database}: ")


def test_a_database_that_cannot_be_opened_is_one_line(home: Home) -> None:
    home.database.mkdir()
    for command, code in (("standings", 1), ("verify", 1), ("serve", 1)):
        said = ended(home.start(command))
        assert (said.code, said.out) == (code, "")
        assert said.err.count("\n") == 1, said.err
        assert said.err.startswith("Error: cannot ")


def test_export(counted: Home) -> None:
    out = counted.folder / "deep/out"
    said = counted.call("export", out, "--json")
    assert (said.code, said.err) == (0, "")
    manifest = said.json()
    assert manifest == json.loads((out / "manifest.json").read_text("utf-8"))
    assert set(manifest) == {
        *("format", "stamp", "campaign", "rules_sha256", "software", "times", "ledger", "balanced", "gaps"),
        *("recount", "files", "closed", "waiting_for_a_ruling", "status"),
    }
    assert (manifest["stamp"], manifest["balanced"], manifest["recount"]) == (
        "provisional",
        True,
        "agrees",
    )
    assert manifest["software"] == {"name": "televote", "version": gateway.__version__}
    assert [file["name"] for file in manifest["files"]] == [
        *("acts.csv", "checkpoint-n1.txt", "ledger-n1.zip", "messages.csv", "outcomes.csv"),
        *("result.json", "rules.txt", "standings.csv", "standings.json", "televote.pub"),
    ]
    for file in manifest["files"]:
        assert set(file) == {"name", "audience", "bytes", "sha256"}
        content = (out / file["name"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    again = counted.call("export", out, lang="zh")
    assert again.code == 0
    assert "临时结果" in again.out
    assert manifest["ledger"][0]["root"] in again.out


def test_export_where_no_folder_can_be(counted: Home) -> None:
    assert counted.call("export", counted.settings).code == 2
    said = ended(counted.start("export", counted.settings / "out"))
    assert (said.code, said.out) == (2, "")
    assert said.err == f"Error: {counted.settings}/out: Not a directory\n"


def test_close(counted: Home) -> None:
    words = ("close", "--by", "chair", "--reason", "a test")
    early = counted.call(*words)
    assert (early.code, early.out) == (2, "")
    assert "say --now" in early.err
    assert counted.call("close", "nowhere", *words[1:]).code == 2
    for _ in range(2):
        assert counted.call(*words, "--now") == (0, f"{CAMPAIGN} is closed\n", "")
    assert counted.call(*words, "--now", lang="zh") == (0, f"{CAMPAIGN} 已结束\n", "")
    assert counted.call(*words, "--now", "--json").json() == {"campaign": CAMPAIGN, "status": "closed"}
    assert counted.query("SELECT count(*) FROM entries WHERE kind = 'close'") == [(1,)], (
        "closing twice is once"
    )
    assert counted.call("standings", "--json").json()["status"] == "closed"
    late = counted.log(rows(2, first=100), name="later.csv")
    imported = counted.call("import", "--source", "hotline", "--json", late).json()
    assert imported[str(late)]["outcomes"] == {"in_transit": 2}, "made before the close, handed in after it"
    manifest = counted.call("export", counted.folder / "out", "--json").json()
    assert (manifest["closed"], manifest["stamp"]) == (True, "provisional"), "a person must rule on those two"


def test_a_count_of_another_key_is_refused(counted: Home) -> None:
    (counted.folder / f"secrets/{CAMPAIGN}.key").write_text("0123456789abcdef" * 4)
    for command in ("standings", "verify", "recount"):
        said = counted.call(command)
        assert (said.code, said.out) == (1, "")
        assert "is not the secret this campaign was begun with" in said.err
    log = counted.log(rows(1, first=50), name="more.csv")
    said = counted.call("import", "--source", "hotline", log)
    assert (said.code, said.out) == (2, "")
    assert "begun with another secret" in said.err


def test_changed_rules_are_refused(counted: Home) -> None:
    counted.edit(counted.campaign, "seats = 10", "seats = 9")
    said = counted.call("import", "--source", "hotline", counted.log(rows(1)))
    assert (said.code, said.out) == (2, "")
    assert "have changed since it opened" in said.err


@pytest.mark.parametrize("folder", ["a b", "a#b", "a?b", "a%41b", "投票"])
def test_a_folder_may_have_any_name(tmp_path: Path, folder: str) -> None:
    home = commands.home(tmp_path / folder)
    assert home.call("import", "--source", "hotline", home.log(rows(2))).code == 0
    said = home.call("standings", "--json")
    assert (said.code, said.err) == (0, "")
