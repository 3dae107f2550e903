"""Every kind of call log has a table, and does what its table says."""

import importlib.util
import re
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gateway.intake import calllog, logfile
from gateway.intake.calllog import Row
from gateway.intake.inbound import Form
from gateway.pages import words_rows

HERE = Path(__file__).parent

#: What every table must have a row for, whatever the format.
COMPULSORY = (
    *("accepted", "empty choice", "withheld", "duplicate", "not wanted", "empty line", "crlf", "bom"),
    *("gb18030", "utf16", "newline in quotes", "wrong columns", "bad time", "skipped hour", "repeated hour"),
    *("unclosed quote", "too long", "nul", "undecodable", "half-written last line"),
)


def table_of(kind: str) -> ModuleType | None:
    path = HERE / f"table_{kind.replace('-', '_')}.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLES = {kind: table.TABLE for kind in calllog.kinds() if (table := table_of(kind))}
CASES = [
    pytest.param(kind, *case, id=f"{kind}-{name.replace(' ', '_')}")
    for kind, table in TABLES.items()
    for name, case in table.items()
]
#: Tables whose name promises that ids are one, or that all differ.
IDS = [
    pytest.param(kind, name, *case[:2], id=f"{kind}-{name.replace(' ', '_')}")
    for kind, table in TABLES.items()
    for name, case in table.items()
    if name.startswith(("duplicate", "distinct"))
]


def read(kind: str, options: dict[str, Any], log: str | bytes, folder: Path) -> list[Row]:
    path = folder / "log.csv"
    path.write_bytes(log if isinstance(log, bytes) else log.encode())
    built = calllog.kinds()[kind]
    with logfile.opened(path) as text:
        return list(built.build(built.options.model_validate(options)).read(text.lines))


def described(row: Row, expected: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row in the words of the tables; a note as far as the table gives it."""
    if row.inbound is None:
        return "skipped", row.line, row.note
    if row.inbound.form is Form.UNPARSED:
        assert row.inbound.text == row.note
        return "unparsed", row.line, row.note[: len(expected[2])]
    assert row.note == ""
    call = row.inbound
    when = int(datetime.fromisoformat(expected[4]).timestamp() * 1000) if len(expected) > 4 else None
    sent = expected[4] if call.sent_ms == when else call.sent_ms
    grain = (call.sent_grain_ms,) if len(expected) > 5 or call.sent_grain_ms != 1000 else ()
    return "call", row.line, call.caller, call.text, sent, *grain


@pytest.mark.parametrize("kind", sorted(calllog.kinds()))
def test_every_kind_has_a_table_with_the_compulsory_rows(kind: str) -> None:
    assert kind in TABLES, f"no table: tests/calllogs/table_{kind.replace('-', '_')}.py"
    assert [name for name in COMPULSORY if name not in TABLES[kind]] == []


@pytest.mark.parametrize(("kind", "options", "log", "expected"), CASES)
def test_a_log_becomes_the_rows_of_its_table(
    kind: str, options: dict[str, Any], log: str | bytes, expected: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    rows = read(kind, options, log, tmp_path)
    assert len(rows) == len(expected)
    assert [described(row, line) for row, line in zip(rows, expected, strict=True)] == expected


@pytest.mark.parametrize(("kind", "options", "log", "expected"), CASES)
def test_a_row_keeps_its_text_and_its_note_holds_no_number(
    kind: str, options: dict[str, Any], log: str | bytes, expected: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    form = options.get("form", "digits")
    for row in read(kind, options, log, tmp_path):
        assert not re.search(r"\d{5}", row.note)
        if row.inbound is None:
            continue
        assert not row.note or words_rows.said(row.note, "zh") != row.note
        assert row.inbound.form in (form, "unparsed")
        assert row.inbound.message_id
        if isinstance(log, str):
            assert row.inbound.raw
            assert row.inbound.raw in log.encode()


@pytest.mark.parametrize(("kind", "name", "options", "log"), IDS)
def test_a_call_is_known_by_its_id(
    kind: str, name: str, options: dict[str, Any], log: str | bytes, tmp_path: Path
) -> None:
    rows = read(kind, options, log, tmp_path)
    ids = [row.inbound.message_id for row in rows if row.inbound]
    assert len(set(ids)) == (1 if name.startswith("duplicate") else len(rows))
    assert [row.inbound.message_id for row in read(kind, options, log, tmp_path) if row.inbound] == ids
