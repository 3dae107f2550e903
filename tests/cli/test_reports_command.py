"""`sheet`, `report` and `sample-audit`, as people and scripts meet them."""

import csv
import io
import os
import stat
from pathlib import Path

import openpyxl
import pytest

from gateway.reporting import report
from tests.cli import commands
from tests.cli.commands import Home


def voted(home: Home, many: int = 40) -> None:
    """Calls that were handed in."""
    assert home.call("import", "--source", "hotline", home.log(commands.rows(many))).code == 0


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_sheet_before_any_vote(home: Home, tmp_path: Path, lang: str) -> None:
    for name, begins in (("a.html", b"<!DOCTYPE html>"), ("a.pdf", b"%PDF-")):
        said = home.call("sheet", "--into", tmp_path / name, lang=lang)
        assert (said.code, said.out) == (0, f"{tmp_path / name}\n")
        assert (tmp_path / name).read_bytes().lstrip().startswith(begins)
    assert not home.database.exists(), "nothing is begun by it"


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_not_replaced_by_a_file(home: Home, tmp_path: Path, linked: bool) -> None:
    """Nor a device: what reads there would wait for ever, and the machine lack it."""
    pipe = tmp_path / "pipe.html"
    os.mkfifo(pipe)
    named = tmp_path / "link.html" if linked else pipe
    if linked:
        named.symlink_to(pipe)
    for words in (
        ("sheet", "--into", named),
        ("report", "tally", "--into", named),
        ("export", tmp_path / "out", "--openings", named),
    ):
        said = home.call(*words)
        assert said.code == 2
        assert f"{named} is no ordinary file" in said.err
        assert pipe.is_fifo()
        assert named.is_symlink() is linked
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_called_wrongly(home: Home, tmp_path: Path) -> None:
    said = home.call("sheet", "--into", tmp_path / "a.doc")
    assert said.code == 2
    assert "howto is written as html or pdf" in said.err
    assert home.call("sheet", "--format", "html", "--into", tmp_path / "a.doc").code == 0


def test_the_list(home: Home) -> None:
    told = home.call("report", "--json").json()
    assert [one["kind"] for one in told] == sorted(report.kinds())
    assert all(one["title"]["zh"] and one["about"]["en"] for one in told)
    text = home.call("report").out
    assert all(kind in text for kind in report.kinds())


def test_what_cannot_be_reported_says_why(home: Home, tmp_path: Path) -> None:
    none = home.call("report", "nothing", "--into", tmp_path / "a")
    assert (none.code, "there is no report nothing: there are arlo, " in none.err) == (2, True)
    assert home.call("report", "bulletin").code == 2
    assert home.call("report", "nowhere", "bulletin", "--into", tmp_path / "a.html").code == 2
    early = home.call("report", "bulletin", "--into", tmp_path / "a.html")
    assert (early.code, "nothing has been recorded yet" in early.err) == (1, True)
    voted(home)
    won = home.call("report", "award-list", "--into", tmp_path / "a.html")
    assert (won.code, won.err) == (1, "Error: the vote is not closed: nobody has won yet\n")
    assert not (tmp_path / "a.html").exists()


def test_reports_beside_a_server(home: Home, tmp_path: Path) -> None:
    voted(home)
    with home.served():
        assert home.call("report", "workbook", "--into", tmp_path / "a.xlsx").code == 0
        assert home.call("report", "sidecar", "--into", tmp_path / "a.csv").code == 0
    assert len(openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames) == 6
    assert len(read(tmp_path / "a.csv")) == 40
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o600, "for an auditor alone"


def test_a_sample_for_a_hand_audit(home: Home, tmp_path: Path) -> None:
    voted(home)
    manifest, sample = tmp_path / "m.csv", tmp_path / "s.csv"
    assert home.call("report", "arlo", "--into", manifest).code == 0
    (batch, *others) = read(manifest)
    assert sum(int(one["Number of Ballots"]) for one in (batch, *others)) == 40
    drawing = ("sample-audit", "--manifest", manifest, "--seed", "36142516634152361425", "--into", sample)
    said = home.call(*drawing, "--ballots", "60")
    assert (said.code, said.out) == (0, f"{sample}: 60 drawn, 0 without a record\n")
    rows = read(sample)
    told = home.call(*drawing, "--ballots", "60", "--json").json()
    assert told == {"file": str(sample), "drawn": 60, "missing": 0}
    assert {row["record"] for row in rows} == {"found"}
    manifest.write_bytes(manifest.read_text("utf-8-sig").encode("gb18030"))  # as Excel in China saves it
    assert (home.call(*drawing, "--ballots", "60").code, read(sample)) == (0, rows)
    entries = {row["entry"]: row for row in rows}
    assert len(entries) > 20
    assert stat.S_IMODE(sample.stat().st_mode) == 0o600
    # The telephone system says that twice as many called: a drawn call that we do not have is an error.
    text = manifest.read_text("gb18030")
    number = batch["Number of Ballots"]
    manifest.write_text(text.replace(f",{number}", f",{2 * int(number)}"), "utf-8")
    more = home.call(*drawing, "--ballots", "60")
    missing = [row for row in read(sample) if row["record"] != "found"]
    assert more.out == f"{sample}: 60 drawn, {len(missing)} without a record\n"
    assert len(missing) > 10
    assert {row["record"] for row in missing} == {"missing: count as the worst error"}
    manifest.write_text("a,b\n1,2\n")
    bad = home.call(*drawing, "--ballots", "1")
    assert (bad.code, "line 1: there is no column Container" in bad.err) == (2, True)
    manifest.write_bytes(b"PK\x03\x04")
    bad = home.call(*drawing, "--ballots", "1")
    assert (bad.code, f"{manifest}: is damaged" in bad.err) == (2, True)
