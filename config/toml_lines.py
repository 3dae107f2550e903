"""On which line of a TOML text each key stands, so that a wrong value can be pointed at.

The standard library's reader gives values without lines. This scanner only finds lines: it assumes
that the reader has accepted the text, and is harmless on any other (it never raises and always ends).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

KeyPath = tuple[str | int, ...]

#: Spaces and carriage returns fall between the pieces. Quotes without an end match nothing, and are skipped.
_PIECE = re.compile(
    r'(?P<string>"""(?:\\[\s\S]|[^\\])*?"{3,5}'
    r"|'''[\s\S]*?'{3,5}"
    r'|"(?:\\[^\n]|[^"\\\n])*"'
    r"|'[^'\n]*')"
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<mark>[\[\]{},=.\n])"
    r"|(?P<bare>[^\s\"'\#\[\]{},=.]+)"
)


def find(text: str) -> dict[KeyPath, int]:
    """The 1-based line of every table, key and array element, by path: `("contests", 0, "name")`."""
    return _Scanner(text).scan()


def nearest(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """The line of `path`, else of its nearest ancestor that has one, else 1."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def error_place(text: str, said: str) -> tuple[str, int, int]:
    """The standard library's message without its place, and the place: line and column.

    It ends in "(at line 3, column 7)" or "(at end of document)".
    """
    message, _, place = said.rpartition(" (at ")
    if numbers := re.match(r"line (\d+), column (\d+)", place):
        return message, int(numbers[1]), int(numbers[2])
    return message, text.count("\n") + 1, len(text) - text.rfind("\n")


class _Scanner:
    """One pass over the pieces. `open` holds the arrays and inline tables that are not closed yet."""

    def __init__(self, text: str) -> None:
        self.pieces = _pieces(text.replace("\r\n", "\n"))
        self.lines: dict[KeyPath, int] = {}
        self.table: KeyPath = ()
        self.tables: dict[KeyPath, int] = {}  # arrays of tables, and how many tables each has so far

    def scan(self) -> dict[KeyPath, int]:
        for kind, piece, line in self.pieces:
            if piece == "[":
                self._header(line)
            elif kind in ("bare", "string"):
                self._pair(self.table, piece, kind, line)
        return self.lines

    def _header(self, line: int) -> None:
        """`[a.b]` or `[[a.b]]`, from behind its first bracket to the end of the line."""
        brackets, parts = 1, list[str]()
        for kind, piece, _ in self.pieces:
            if piece == "\n":
                break
            if piece == "[":
                brackets += 1
            elif kind in ("bare", "string"):
                parts.append(_key(piece, kind))
        path: KeyPath = ()
        for part in parts[:-1]:
            path = self._within((*path, part))
            self.lines.setdefault(path, line)
        if parts:
            path = (*path, parts[-1])
            self.lines.setdefault(path, line)
            if brackets > 1:
                self.tables[path] = self.tables.get(path, 0) + 1
            self.table = self._within(path)
            self.lines.setdefault(self.table, line)

    def _within(self, path: KeyPath) -> KeyPath:
        """`path`, or its newest table if it is an array of tables."""
        return (*path, self.tables[path] - 1) if path in self.tables else path

    def _pair(self, table: KeyPath, piece: str, kind: str, line: int) -> None:
        """`a.b = value`, from behind its first key part to the end of the value."""
        path = self._keys(table, piece, kind, line)
        open_: list[_Open] = []
        for kind, piece, line in self.pieces:
            if piece == "\n" and not open_:
                return
            if piece in ("]", "}"):
                if not open_:
                    return
                open_.pop()
            elif piece == "," and open_:
                open_[-1].next()
            elif kind != "comment" and piece != "\n":
                path = self._value(open_, path, piece, kind, line)

    def _value(self, open_: "list[_Open]", path: KeyPath, piece: str, kind: str, line: int) -> KeyPath:
        """One piece of a value, or of a key in an inline table; returns the path that is being filled."""
        if open_ and open_[-1].begins:
            path = open_[-1].take()
            if not open_[-1].is_array:
                return self._keys(path, piece, kind, line) if kind in ("bare", "string") else path
            self.lines.setdefault(path, line)
        if piece in ("[", "{"):
            open_.append(_Open(path, is_array=piece == "["))
        return path

    def _keys(self, table: KeyPath, piece: str, kind: str, line: int) -> KeyPath:
        """A dotted key, up to and with its `=`."""
        path = (*table, _key(piece, kind))
        self.lines.setdefault(path, line)
        for kind_, piece_, line_ in self.pieces:
            if piece_ in ("=", "\n"):
                break
            if kind_ in ("bare", "string"):
                path = (*path, _key(piece_, kind_))
                self.lines.setdefault(path, line_)
        return path


class _Open:
    """An array or inline table that is being read: where it stands, and which element comes next."""

    __slots__ = ("begins", "index", "is_array", "path")

    def __init__(self, path: KeyPath, *, is_array: bool) -> None:
        self.path, self.is_array, self.index, self.begins = path, is_array, 0, True

    def next(self) -> None:
        self.index += 1
        self.begins = True

    def take(self) -> KeyPath:
        self.begins = False
        return (*self.path, self.index) if self.is_array else self.path


def _pieces(text: str) -> Iterator[tuple[str, str, int]]:
    line, counted_to = 1, 0
    for match in _PIECE.finditer(text):
        line += text.count("\n", counted_to, match.start())
        counted_to = match.start()
        yield str(match.lastgroup), match[0], line


def _key(piece: str, kind: str) -> str:
    """A key as the reader gives it: without its quotes and escapes."""
    if kind == "bare":
        return piece
    try:
        return str(tomllib.loads(f"key = {piece}")["key"])
    except tomllib.TOMLDecodeError:
        return piece
