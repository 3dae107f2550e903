"""SQL in named blocks: `-- name: block` begins one, `;` at a line's end ends it."""

from importlib import resources
from typing import Final


def load(package: str, file: str) -> dict[str, str]:
    """The blocks of a package's .sql file, by name."""
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in resources.files(package).joinpath(file).read_text("utf-8").splitlines():
        if line.startswith("-- name: "):
            lines = found.setdefault(line.removeprefix("-- name: ").strip(), [])
        elif lines is not None and line.strip() and not line.startswith("--"):
            lines.append(line)
    return {name: "\n".join(sql).rstrip(";") for name, sql in found.items()}


LEDGER: Final = load("tally", "ledger.sql")
CLAIMS: Final = load("dedup", "claims.sql")
OUTBOX: Final = load("gateway.outbox", "outbox.sql")
