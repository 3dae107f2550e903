"""`televote import`: what it reports, what it refuses, and that cutting it off costs nothing."""

import re
import signal
import time
from pathlib import Path

import pytest

from tests.cli import commands
from tests.cli.commands import HEADER, Home, ended, minutes_ago, outcomes, rows

#: Calls in the logs that are cut off: ten batches.
MANY = 20_000


def bad_rows() -> list[str]:
    """Good rows, a repeat, an unknown code, and on lines 5 and 7 what nobody can read."""
    at = minutes_ago()
    return [
        *rows(2),
        f"again,13900000000,{at},A02",
        "cut,13877766655",
        f"odd,13877766655,{at},A99",
        "late,13877766655,yesterday evening,A01",
    ]


@pytest.mark.parametrize(
    ("lang", "wide", "timeless", "total"),
    [
        ("en", "2 columns where the log has 4", "the start time is not written as ", "6 rows in all"),
        ("zh", "这一行有 2 列，而话单是 4 列", "开始时间不是", "6 行合计"),
    ],
)
def test_bad_rows_are_named_by_their_lines(
    home: Home, lang: str, wide: str, timeless: str, total: str
) -> None:
    log = home.log(bad_rows())
    said = home.call("import", "--source", "hotline", log, lang=lang)
    assert said.code == 0
    first, second = said.err.splitlines()
    assert first.startswith(f"{log}:5: {wide}")
    assert second.startswith(f"{log}:7: {timeless}")
    told = [line.split() for line in said.out.splitlines()]
    found = {words[0]: int(words[1]) for words in told if len(words) > 1 and words[1].isdigit()}
    assert found == {"counted": 2, "repeat": 1, "unknown_code": 1, "unparsed": 2}
    assert " ".join(told[-1]) == total


def test_the_summary_as_json(home: Home) -> None:
    log = home.log(bad_rows())
    said = home.call("import", "--source", "hotline", "--json", log)
    assert (said.code, said.err) == (0, "")
    summary = said.json()[str(log)]
    bad = summary.pop("bad")
    assert [one["line"] for one in bad] == [5, 7]
    assert all(set(one) == {"line", "wrong"} for one in bad)
    assert summary == {
        "rows": 6,
        "skipped": 0,
        "before": 0,
        "unread": 2,
        "outcomes": {"counted": 2, "repeat": 1, "unknown_code": 1, "unparsed": 2},
    }
    again = home.call("import", "--source", "hotline", "--json", log).json()[str(log)]
    assert (again["before"], again["outcomes"], again["unread"]) == (6, {}, 2)
    assert outcomes(home.call("standings", "--json").json()) == summary["outcomes"]


def test_several_files_are_several_summaries(home: Home) -> None:
    logs = [home.log(rows(3, first=3 * n), name=f"{n}.csv") for n in range(3)]
    told = home.call("import", "--source", "hotline", "--json", *logs, logs[0]).json()
    assert {file: one["rows"] for file, one in told.items()} == dict.fromkeys(map(str, logs), 3)
    assert outcomes(home.call("standings", "--json").json()) == {"counted": 9}


def test_more_bad_rows_than_anybody_reads_are_counted(home: Home) -> None:
    log = home.log([f"cut {n}" for n in range(250)])
    said = home.call("import", "--source", "hotline", log)
    assert said.code == 0
    assert len(said.err.splitlines()) == 201
    assert said.err.splitlines()[-1] == "… 50 more"
    assert outcomes(home.call("standings", "--json").json()) == {"unparsed": 250}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("nobody", "no call-log source is named nobody; there are: hotline"),
        ("sms", "no call-log source is named sms; there are: hotline"),
    ],
)
def test_a_source_that_has_no_logs_is_two(home: Home, source: str, told: str) -> None:
    said = home.call("import", "--source", source, home.log(rows(1)))
    assert said == (2, "", f"Error: {told}\n")
    assert not home.database.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "The file is empty; it should begin with a header"),
        ("序号,电话\n1,13877766655\n".encode(), "There is no header with "),
        (b"PK\x03\x04", "The file is an Excel workbook or a zip archive"),
    ],
    ids=["empty", "another header", "workbook"],
)
def test_a_file_that_is_no_log_is_two_and_leaves_nothing(home: Home, content: bytes, told: str) -> None:
    log = home.folder / "log.csv"
    log.write_bytes(content)
    said = home.call("import", "--source", "hotline", log)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert "13877766655" not in said.err
    chinese = home.call("--lang", "zh", "import", "--source", "hotline", log)
    assert chinese.code == 2
    assert re.search("[一-鿿]{4}", chinese.err), chinese.err
    assert told not in chinese.err
    assert home.query("SELECT count(*) FROM entries WHERE sealed IS NOT NULL") == [(0,)]


def test_an_import_can_come_first_of_all(home: Home) -> None:
    """Before any server has made the data folder."""
    home.edit(home.settings, 'data = "."', 'data = "not/yet"')
    said = home.call("import", "--source", "hotline", "--json", home.log(rows(2)))
    assert (said.code, said.err) == (0, "")
    assert (home.folder / "not/yet/televote.db").exists()


def test_beside_a_server_the_outcomes_are_the_same(home: Home, tmp_path: Path) -> None:
    log = home.log(bad_rows())
    other = commands.home(tmp_path / "other")
    alone = other.call("import", "--source", "hotline", "--json", log).json()
    with home.served():
        beside = home.call("import", "--source", "hotline", "--json", log)
        again = home.call("import", "--source", "hotline", log)
        counted = home.call("standings", "--json")
    assert (beside.code, beside.json()) == (0, alone)
    assert again.code == 0
    assert len(again.err.splitlines()) == 2, "the bad rows are named again"
    assert home.totals() == other.totals()
    assert outcomes(counted.json()) == alone[str(log)]["outcomes"]


def until_under_way(home: Home) -> None:
    """Wait until a batch is on disk."""
    due = time.monotonic() + 30
    while home.entries() < 100:
        assert time.monotonic() < due
        time.sleep(0.005)


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Home]:
    """A log of many calls, some of them bad, and a home that imported it in one go."""
    home = commands.home(tmp_path_factory.mktemp("whole") / "var")
    some = rows(MANY)
    for n in range(0, MANY, 100):
        some[n] = f"broken {n}"
    for n in range(1, MANY, 100):
        some[n] = f"again{n},{some[n + 1].partition(',')[2]}"
    log = home.log(some)
    said = home.call("import", "--source", "hotline", "--json", log)
    assert said.code == 0
    assert said.json()[str(log)]["outcomes"] == {
        "counted": MANY - MANY // 50,
        "repeat": MANY // 100,
        "unparsed": MANY // 100,
    }
    return log, home


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_cut_off_and_run_again_it_is_as_if_it_had_not_been(
    home: Home, whole: tuple[Path, Home], number: int, code: int
) -> None:
    log, uninterrupted = whole
    process = home.start("import", "--source", "hotline", log)
    until_under_way(home)
    process.send_signal(number)
    said = ended(process)
    assert said.code == code
    assert "Traceback" not in said.err
    part = home.entries()
    assert 100 < part < MANY, "it was cut off in the middle"
    resumed = home.call("import", "--source", "hotline", "--json", log)
    assert (resumed.code, resumed.err) == (0, "")
    summary = resumed.json()[str(log)]
    assert summary["before"] == part - len(("config", "open"))
    assert sum(summary["outcomes"].values()) == MANY - summary["before"]
    assert home.totals() == uninterrupted.totals()
    assert home.entries() == uninterrupted.entries()
    assert home.call("recount").code == 0
    root = home.roots()
    assert home.call("import", "--source", "hotline", "--json", log).json()[str(log)]["before"] == MANY
    assert home.roots() == root, "nothing changes any more"


def test_the_log_may_be_of_any_encoding(home: Home) -> None:
    for name, encoding in (("a.csv", "gb18030"), ("b.csv", "utf-8-sig"), ("c.csv", "utf-16")):
        log = home.log(rows(2), name=name, encoding=encoding)
        told = home.call("import", "--source", "hotline", "--json", log).json()
        assert told[str(log)]["rows"] == 2
    assert HEADER.encode("gb18030") in (home.folder / "a.csv").read_bytes()
    assert outcomes(home.call("standings", "--json").json()) == {"counted": 2}


def test_a_file_that_cannot_be_read_is_named(home: Home) -> None:
    """Errors of reading do not say by themselves of which file they are."""
    log = "/proc/self/mem"  # an ordinary file, that gives an error at its beginning
    for command in ("import", "reconcile"):
        said = home.call(command, "--source", "hotline", log)
        assert (said.code, said.err) == (2, f"Error: {log}: Input/output error\n")
