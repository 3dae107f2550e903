"""SQL in named blocks: `-- name: block` begins one, `;` at a line's end ends it.

One text serves both engines where they agree; `-- name: block@postgresql` is PostgreSQL's own beside it.
"""

from importlib import resources
from typing import Final

_OWN: Final = "@postgresql"
#: What PostgreSQL runs instead of a block, by the block's text.
POSTGRESQL: Final[dict[str, str]] = {}


def load(package: str, file: str) -> dict[str, str]:
    """The blocks of a package's .sql file, by name."""
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in resources.files(package).joinpath(file).read_text("utf-8").splitlines():
        if line.startswith("-- name: "):
            lines = found.setdefault(line.removeprefix("-- name: ").strip(), [])
        elif lines is not None and line.strip() and not line.startswith("--"):
            lines.append(line)
    texts = {name: "\n".join(sql).rstrip(";") for name, sql in found.items()}
    own = {name: sql for name, sql in texts.items() if name.endswith(_OWN)}
    POSTGRESQL.update({texts[name.removesuffix(_OWN)]: sql for name, sql in own.items()})
    return {name: sql for name, sql in texts.items() if name not in own}


LEDGER: Final = load("tally", "ledger.sql")
CLAIMS: Final = load("dedup", "claims.sql")
OUTBOX: Final = load("gateway.outbox", "outbox.sql")
STORAGE: Final = load("gateway.storage", "storage.sql")
