"""Log files of every encoding are streamed in flat memory, and say when they are no text."""

import tracemalloc
from pathlib import Path

import pytest

from gateway.calllogs import asterisk_cdr, generic_csv
from gateway.intake import csvrows, logfile
from gateway.intake.calllog import CallLogKind, UnreadableLog

CHINESE = "主叫号码,按键\n13800138000,一号窗口\n"


def read(path: Path, encoding: str = "") -> tuple[str, list[str]]:
    with logfile.opened(path, encoding) as text:
        return text.encoding, list(text.lines)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "log.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        pytest.param(b"", "utf-8", id="empty"),
        pytest.param(b"a,b\n", "utf-8", id="ascii"),
        pytest.param(CHINESE.encode(), "utf-8", id="utf-8"),
        pytest.param(CHINESE.encode("utf-8-sig"), "utf-8", id="utf-8 with mark"),
        pytest.param(CHINESE.encode("utf-16"), "utf-16", id="utf-16"),
        pytest.param("\ufeff".encode("utf-16-be") + CHINESE.encode("utf-16-be"), "utf-16", id="utf-16-be"),
        pytest.param(CHINESE.encode("gb18030"), "gb18030", id="gb18030"),
        pytest.param("联通,移动\n".encode("gb18030"), "gb18030", id="gb18030 that nearly is utf-8"),
        pytest.param(("é\n" + CHINESE).encode(), "utf-8", id="utf-8 with two-byte characters"),
        pytest.param(b"a\n" * 200_000 + CHINESE.encode("gb18030"), "gb18030", id="gb18030 at the end"),
        pytest.param(("一" * 200_000 + "\r").encode() * 2, "utf-8", id="utf-8 in lines longer than a chunk"),
    ],
)
def test_the_encoding_is_found(content: bytes, encoding: str, tmp_path: Path) -> None:
    found, lines = read(written(tmp_path, content))
    assert found == encoding
    assert "\ufffd" not in "".join(lines)


def test_chinese_pairs_that_are_valid_utf8_do_not_decide(tmp_path: Path) -> None:
    """In GB18030 `恰` and many others are also a UTF-8 character of two bytes."""
    pairs = [bytes([lead, trail]) for lead in range(0xC2, 0xE0) for trail in range(0xA1, 0xC0)]
    content = b"\n".join(pairs) + b"\n" + CHINESE.encode("gb18030")
    assert read(written(tmp_path, content))[0] == "gb18030"


def test_a_few_broken_lines_do_not_change_the_encoding(tmp_path: Path) -> None:
    content = CHINESE.encode() * 3 + b"\xe4\xb8,\xff\n" + CHINESE.encode()
    encoding, lines = read(written(tmp_path, content))
    assert encoding == "utf-8"
    assert [number for number, line in enumerate(lines) if "\ufffd" in line] == [6]


def test_a_block_of_nuls_costs_its_record_only(tmp_path: Path) -> None:
    assert read(written(tmp_path, b"\0" * 5000 + b"a,b\na,b\n"))[1][1:] == ["a,b\n"]


def test_an_encoding_that_is_given_is_used(tmp_path: Path) -> None:
    path = written(tmp_path, CHINESE.encode("gb18030"))
    assert "".join(read(path, "gb18030")[1]) == CHINESE
    assert "\ufffd" in "".join(read(path, "utf-8")[1])
    with pytest.raises(UnreadableLog, match="gb18030"):
        read(path, "hex")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"PK\x03\x04....", "workbook"),
        (b"\xd0\xcf\x11\xe0....", "workbook"),
        (b"\x1f\x8b....", "gzip"),
        ("\ufeffa".encode("utf-32-le"), "UTF-32"),
        (CHINESE.encode("utf-16-le"), "byte order mark"),
    ],
    ids=["xlsx", "xls", "gzip", "utf-32", "utf-16 without mark"],
)
def test_what_is_no_text_is_refused(content: bytes, word: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableLog, match=word):
        read(written(tmp_path, content))


def test_lines_end_in_any_of_the_three_ways(tmp_path: Path) -> None:
    assert read(written(tmp_path, b"a\r\nb\rc\nd"))[1] == ["a\r\n", "b\r", "c\n", "d"]


def test_of_an_endless_line_only_the_beginning_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path, b"a\n" + b"x" * 3_000_000 + b"\nb\n" + b"y" * 3_000_000)
    lines = read(path)[1]
    assert [line[:3] for line in lines] == ["a\n", "xxx", "b\n", "yyy"]
    assert max(map(len, lines)) == csvrows.MAX_RECORD + 1


def test_the_position_moves_to_the_end(tmp_path: Path) -> None:
    path = written(tmp_path, b"13800138000,1\n" * 50_000)
    seen: list[int] = []
    with logfile.opened(path, on_position=seen.append) as text:
        assert text.size == 700_000
        assert sum(1 for _ in text.lines) == 50_000
    assert seen == sorted(seen)
    assert len(seen) > 10
    assert seen[-1] == 700_000


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), logfile.opened(tmp_path / "none.csv"):
        pass


CDR = '"13{n:09}","{t}","{n}.1","1"\n'
CDR_OPTIONS = {"columns": ["src", "start", "uniqueid", "userfield"]}
CSV = "13{n:09},{t},1\n"
CSV_OPTIONS = {"columns": {"caller": 1, "start": 2, "choice": 3}, "header": False}


@pytest.mark.parametrize(
    ("kind", "options", "template", "rows"),
    [(asterisk_cdr.calllog, CDR_OPTIONS, CDR, 300_000), (generic_csv.calllog, CSV_OPTIONS, CSV, 100_000)],
    ids=["asterisk-cdr", "csv"],
)
def test_memory_stays_flat(
    kind: CallLogKind, options: dict[str, object], template: str, rows: int, tmp_path: Path
) -> None:
    path = tmp_path / "log.csv"
    with path.open("w", encoding="utf-8") as file:
        for n in range(rows):
            time = f"2018-07-{1 + n // 86400 % 28:02} {n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}"
            file.write(template.format(n=n, t=time))
    log = kind.build(kind.options.model_validate(options))
    tracemalloc.start()
    try:
        with logfile.opened(path) as text:
            calls = sum(row.inbound is not None and row.note == "" for row in log.read(text.lines))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert calls == rows
    assert peak < 20_000_000
