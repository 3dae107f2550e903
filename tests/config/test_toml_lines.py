"""Where keys stand: a table of layouts, then any layout at all."""

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import toml_lines

LAYOUTS = [
    pytest.param("a = 1\nb = 2", {("a",): 1, ("b",): 2}, id="keys"),
    pytest.param("# a = 1\n\na = 1 # b = 2", {("a",): 3}, id="comments"),
    pytest.param("[t]\na = 1", {("t",): 1, ("t", "a"): 2}, id="table"),
    pytest.param("[t.u]\na = 1", {("t",): 1, ("t", "u"): 1, ("t", "u", "a"): 2}, id="nested table"),
    pytest.param("a.b = 1\na.c = 2", {("a", "b"): 1, ("a", "c"): 2}, id="dotted"),
    pytest.param("[ t . 'u v' ]\n\"a.b\" = 1", {("t", "u v", "a.b"): 2}, id="quoted"),
    pytest.param('"\\u0061" = 1', {("a",): 1}, id="escaped key"),
    pytest.param(
        "[[t]]\na = 1\n[[t]]\na = 2",
        {("t",): 1, ("t", 0, "a"): 2, ("t", 1): 3, ("t", 1, "a"): 4},
        id="array of tables",
    ),
    pytest.param(
        "[[t]]\n[[t.u]]\n[[t.u]]\na = 1\n[t.v]\nb = 1\n[[t]]\n[[t.u]]\na = 2",
        {("t", 0, "u", 1, "a"): 4, ("t", 0, "v", "b"): 6, ("t", 1): 7, ("t", 1, "u", 0, "a"): 9},
        id="array in array of tables",
    ),
    pytest.param(
        "a = [\n  1, # one, [\n  [2,\n   3],\n]\nb = 1",
        {("a", 0): 2, ("a", 1): 3, ("a", 1, 0): 3, ("a", 1, 1): 4, ("b",): 6},
        id="array over lines",
    ),
    pytest.param(
        "a = [\n  { x = 1, y.z = [ 1, 2 ] },\n  { x = 2 },\n]",
        {("a", 0, "x"): 2, ("a", 0, "y", "z", 1): 2, ("a", 1, "x"): 3},
        id="inline tables",
    ),
    pytest.param('a = """\n[x]\nb = 1\n"""\nc = 1', {("a",): 1, ("c",): 5}, id="text over lines"),
    pytest.param("a = '''\n'b = 1''''\nc = 1", {("a",): 1, ("c",): 3}, id="literal over lines"),
    pytest.param('a = """\\"""\n"""\nc = 1', {("c",): 3}, id="escaped quote over lines"),
    pytest.param('a = "x # y ] } , = \'"\nb = 1', {("a",): 1, ("b",): 2}, id="signs in a text"),
    pytest.param("a = 2018-07-09 08:00:00\nb = 1.5", {("a",): 1, ("b",): 2}, id="date with a space"),
    pytest.param("a = 1\r\nb = 2\r\n", {("a",): 1, ("b",): 2}, id="Windows line ends"),
]


@pytest.mark.parametrize(("text", "expected"), LAYOUTS)
def test_lines(text: str, expected: dict[toml_lines.KeyPath, int]) -> None:
    tomllib.loads(text)
    found = toml_lines.find(text)
    assert {path: found.get(path) for path in expected} == expected
    assert not any("x" in path for path in found if "x" not in str(expected))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Invalid value (at line 3, column 7)", ("Invalid value", 3, 7)),
        ("Expected '=' (at end of document)", ("Expected '='", 2, 5)),
    ],
    ids=["line and column", "end of document"],
)
def test_error_place(said: str, expected: tuple[str, int, int]) -> None:
    assert toml_lines.error_place("a = 1\nabcd", said) == expected


KEYS = st.text("abAB_-.é \"'\\", min_size=1, max_size=3) | st.sampled_from(["a", "b", "c"])
SCALARS = st.sampled_from(
    [
        "1",
        "true",
        "1.5",
        '"x"',
        "'a#b'",
        '"""\nx = 1\n"""',
        "'''\n[y]\n'''",
        "2018-07-09T08:00:00Z",
        '"]\\"}"',
    ]
)
SPACE = st.sampled_from(["", " ", "\n", " # ] comment = [ 'x\n", "\n\n  "])


def quoted(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Writer:
    """Writes a value as TOML and notes each key's line by counting the line breaks written so far."""

    def __init__(self, data: st.DataObject) -> None:
        self.data, self.text, self.lines = data, "", dict[toml_lines.KeyPath, int]()

    def draw(self, strategy: st.SearchStrategy[Any]) -> Any:
        return self.data.draw(strategy)

    def note(self, path: toml_lines.KeyPath) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)

    def value(self, path: toml_lines.KeyPath, depth: int) -> None:
        kind = self.draw(st.sampled_from(["scalar", "array", "table"] if depth < 3 else ["scalar"]))
        if kind == "scalar":
            self.text += self.draw(SCALARS)
        elif kind == "array":
            self.array(path, depth)
        else:
            self.table(path, depth)

    def array(self, path: toml_lines.KeyPath, depth: int) -> None:
        self.text += "["
        for index in range(self.draw(st.integers(0, 3))):
            self.text += self.draw(SPACE)
            self.note((*path, index))
            self.value((*path, index), depth + 1)
            self.text += self.draw(SPACE) + ","
        self.text += self.draw(SPACE) + "]"

    def table(self, path: toml_lines.KeyPath, depth: int) -> None:
        self.text += "{ "
        for index, key in enumerate(self.draw(st.lists(KEYS, max_size=3, unique=True))):
            self.text += ", " if index else ""
            self.note((*path, key))
            self.text += quoted(key) + " = "
            self.value((*path, key), depth + 1)
        self.text += " }"

    def section(self, path: toml_lines.KeyPath, header: str) -> None:
        self.note(path)
        self.text += header + "\n"
        self.pairs(path)

    def pairs(self, path: toml_lines.KeyPath) -> None:
        for key in self.draw(st.lists(KEYS, max_size=3, unique=True)):
            self.text += self.draw(st.sampled_from(["", "\n", "# x = 1\n"]))
            self.note((*path, key))
            self.text += quoted(key) + " = "
            self.value((*path, key), 0)
            self.text += self.draw(st.sampled_from(["\n", " # y = 2\n"]))


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_layout(data: st.DataObject) -> None:
    writer = Writer(data)
    writer.pairs(())
    writer.section(("t one",), '["t one"]')
    writer.note(("many",))
    for index in range(data.draw(st.integers(1, 3))):
        writer.section(("many", index), "[[many]]")
        writer.section(("many", index, "sub table"), '[many."sub table"]')
        writer.note(("many", index, "sub many"))
        for inner in range(data.draw(st.integers(1, 2))):
            writer.section(("many", index, "sub many", inner), '[[many."sub many"]]')
    tomllib.loads(writer.text)
    assert toml_lines.find(writer.text) == writer.lines


@settings(deadline=None, max_examples=300)
@given(st.text("ab\"'[]{}=,.#\n\\ \r", max_size=60) | st.text(max_size=40))
def test_any_text_is_harmless(text: str) -> None:
    found = toml_lines.find(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())
