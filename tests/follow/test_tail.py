"""What of a growing file can be read, piece by piece."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.follow import tail
from gateway.follow.places import BEGINNING, Place
from gateway.follow.tail import Moved
from gateway.intake.calllog import UnreadableLog

KEY = b"k" * 32


def new(path: Path, place: Place = BEGINNING, whole: bool = False) -> tuple[str, Place]:
    """The new lines, joined, and the place after them."""
    piece = tail.piece(path, place, KEY, whole)
    return ("", place) if piece is None else ("".join(piece.lines[piece.known :]), piece.after)


def write(path: Path, text: str | bytes) -> Path:
    with path.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def test_whole_lines_are_read_and_no_more(tmp_path: Path) -> None:
    log = write(tmp_path / "log", "a,1\nb,2\nc,")
    read, place = new(log)
    assert (read, place.position) == ("a,1\nb,2\n", 8)
    assert new(log, place) == ("", place)
    write(log, "3\n")
    read, place = new(log, place)
    assert (read, place.position) == ("c,3\n", 12)


@pytest.mark.parametrize("half", ['"a\n', '"a\nb', '"a""\n', 'x\n"'])
def test_a_line_end_in_quotation_marks_ends_no_record(tmp_path: Path, half: str) -> None:
    log = write(tmp_path / "log", half)
    read, place = new(log)
    write(log, 'c",1\n')
    rest, _ = new(log, place)
    assert read + rest == half + 'c",1\n'
    assert read == ("x\n" if half[0] == "x" else "")


def test_a_quotation_mark_that_stays_open_holds_up_a_hundred_lines_at_most(tmp_path: Path) -> None:
    log = write(tmp_path / "log", '"a,1\n' + "b,2\n" * 99)
    assert new(log)[0] == ""
    write(log, "b,2\n" * 2)
    assert new(log)[0].count("b,2\n") >= 100


def test_an_endless_line_is_taken_in_pieces(tmp_path: Path) -> None:
    log = write(tmp_path / "log", "x" * (tail.PIECE + 10) + "\nb,2\n")
    read, place = new(log)
    assert (len(read), place.position) == (tail.PIECE, tail.PIECE)
    assert new(log, place)[0].endswith("b,2\n")


def test_what_was_half_written_is_read_once_as_it_stands_and_again_when_it_has_grown(tmp_path: Path) -> None:
    log = write(tmp_path / "log", "a,1\nb,")
    _, place = new(log)
    read, place = new(log, place, whole=True)
    assert (read, place.position, place.seen) == ("b,", 4, 6)
    assert new(log, place, whole=True) == ("", place)
    write(log, "2\n")
    assert new(log, place)[0] == "b,2\n"


def test_the_top_is_there_for_the_readers_sake(tmp_path: Path) -> None:
    log = write(tmp_path / "log", "head\n" + "row\n" * 30)
    _, place = new(log)
    write(log, "new\n")
    piece = tail.piece(log, place, KEY, whole=False)
    assert piece is not None
    assert piece.lines == ["head\n", *["row\n"] * 9, "new\n"]
    assert piece.known == 10


def test_a_top_that_ends_within_a_record_is_cut_before_it(tmp_path: Path) -> None:
    log = write(tmp_path / "log", "head\n" * 9 + '"a\nb"\n')
    _, place = new(log)
    write(log, "new\n")
    piece = tail.piece(log, place, KEY, whole=False)
    assert piece is not None
    assert piece.lines == [*["head\n"] * 9, "new\n"]


@pytest.mark.parametrize(
    "other", ["", "a,1\n", "x,1\nb,2\nc,3\n", "a,1\nb,3\nc,3\n"], ids=["empty", "cut", "first", "later"]
)
def test_another_file_of_the_same_name_is_told(tmp_path: Path, other: str) -> None:
    log = write(tmp_path / "log", "a,1\nb,2\n")
    _, place = new(log)
    log.unlink()
    write(log, other)
    with pytest.raises(Moved):
        new(log, place)
    assert new(log)[0] == other


def test_another_key_makes_another_mark(tmp_path: Path) -> None:
    log = write(tmp_path / "log", "a,1\n")
    _, place = new(log)
    with pytest.raises(Moved):
        tail.piece(log, place, b"j" * 32, whole=False)


@pytest.mark.parametrize("data", ["a,1\n".encode("utf-16"), b"PK\x03\x04....\n", b"\x1f\x8b...\n"])
def test_what_is_no_text_is_not_read(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnreadableLog):
        new(write(tmp_path / "log", data))


def test_gb18030_is_told_by_the_piece(tmp_path: Path) -> None:
    log = write(tmp_path / "log", "窗口,1\n".encode("gb18030"))
    read, place = new(log)
    assert read == "窗口,1\n"
    write(log, "明星,2\n".encode("gb18030"))
    assert new(log, place)[0] == "明星,2\n"


def test_a_line_that_could_be_either_is_read_as_those_before_it(tmp_path: Path) -> None:
    either = "谢小平,2\n".encode("gb18030")
    assert either.decode() != "谢小平,2\n", "it is UTF-8, too"
    log = write(tmp_path / "log", "窗口,1\n".encode("gb18030"))
    _, place = new(log)
    write(log, either)
    assert new(log, place)[0] == "谢小平,2\n"


def test_siblings_are_the_names_that_begin_alike(tmp_path: Path) -> None:
    for name in ("log", "log.1", "log-20180709", "other", ".log"):
        write(tmp_path / name, "x")
    (tmp_path / "log.d").mkdir()
    assert {one.name for one in tail.siblings(tmp_path / "log")} == {"log.1", "log-20180709"}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.text(st.sampled_from('ab,"\n')), st.booleans()), max_size=8))
def test_however_it_grows_nothing_is_lost_or_read_twice(parts: list[tuple[str, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log, place, read = Path(folder) / "log", BEGINNING, ""
        log.touch()
        for part, look in parts:
            write(log, part)
            if look:
                more, place = new(log, place)
                read += more
        rest, _ = new(log, place, whole=True)
        more, _ = new(log, place._replace(seen=-1), whole=True)
        written = log.read_text()
        assert written.startswith(read + rest)
        assert written[: place.position] == read
        assert more == rest
