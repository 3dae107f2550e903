"""`televote new-epoch` and `televote backup`, as a person meets them."""

import shutil

import pytest
from click.testing import CliRunner

from gateway.commands.base import televote
from tests.cli.commands import CAMPAIGN, Home, rows

BY = ("--by", "wang", "--second", "li", "--reason", "the disk died")


def voted(home: Home, first: int, count: int) -> None:
    assert home.call("import", "--source", "hotline", home.log(rows(count, first))).code == 0


@pytest.fixture(name="lost")
def _lost(home: Home) -> Home:
    """Four votes in the database, seven signed, and a close that is lost."""
    voted(home, 0, 4)
    shutil.copy(home.database, home.folder / "older")
    voted(home, 4, 3)
    assert home.call("close", "--by", "chair", "--reason", "a test", "--now").code == 0
    home.database.unlink()
    shutil.copy(home.folder / "older", home.database)
    return home


def test_it_shows_and_asks_and_then_goes_on(lost: Home) -> None:
    refused = lost.call("close", "--by", "chair", "--reason", "a test", "--now")
    assert (refused.code, f"televote new-epoch {CAMPAIGN}" in refused.err) == (2, True)
    older = lost.call("verify")
    assert older.code == 1
    assert "missing: 10 entries were signed. If the database is an older copy" in older.err
    assert older.err.endswith(f"televote new-epoch {CAMPAIGN}\n")
    words = ["--settings", str(lost.settings), "--lang", "en", "new-epoch", *BY]
    said = CliRunner().invoke(televote, words, input="n\n")
    assert said.exit_code != 0
    assert "gone for good" in said.stderr
    for told in ("counted", "lost act: close", "chair", "n1.e2"):
        assert told in said.stdout
    assert not (lost.folder / "ledger" / CAMPAIGN / "n1.e2").exists()
    said = CliRunner().invoke(televote, words, input="y\n")
    assert (said.exit_code, said.stdout.splitlines()[-1]) == (0, f"{CAMPAIGN}: n1.e2")
    voted(lost, 4, 3)
    assert lost.call("standings", "--json").json()["lost"] == {"counted": 3}
    assert list(lost.roots()) == ["n1", "n1.e2"]
    assert lost.call("recount").code == 0
    told = lost.call("export", lost.folder / "out", lang="zh")
    assert (told.code, "遗失 n1.e2" in told.out) == (0, True)


WRONG = {
    "the same person": (("--by", "wang", "--second", "Wang", "--reason", "x"), "two different people"),
    "no reason": (("--by", "wang", "--second", "li", "--reason", " "), "needs a reason"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused(lost: Home, name: str) -> None:
    words, told = WRONG[name]
    said = lost.call("new-epoch", *words, "--yes")
    assert (said.code, told in said.err) == (2, True)


def test_a_checkpoint_of_another_log(lost: Home) -> None:
    other = lost.folder / "other.txt"
    other.write_text("televote/else/n1\n9\nAAAA\n\n", "utf-8")
    said = lost.call("new-epoch", *BY, "--yes", "--signed", other)
    assert (said.code, "--signed: not a checkpoint" in said.err) == (2, True)


def test_not_beside_a_server(home: Home) -> None:
    with home.served():
        said = home.call("new-epoch", *BY, "--yes")
        assert (said.code, "another process has" in said.err) == (2, True)
        assert home.call("backup", home.folder / "backup").code == 0
    said = home.call("new-epoch", *BY, "--yes")
    assert (said.code, "nothing is lost" in said.err) == (2, True)
