"""Style sheets and scripts, each with a tag of its content, so that a browser may keep it for long."""

import hashlib
from importlib import resources
from typing import Final, NamedTuple

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "png": "image/png"}


class File(NamedTuple):
    """A file as it is served."""

    content: bytes
    kind: str
    tag: str


#: What installed packages bring along, by what pages ask for: none of it is in this repository.
_VENDOR: Final = {
    "vendor/uplot.js": ("youplot", "vendor/uplot.iife.min.js"),
    "vendor/uplot.css": ("youplot", "vendor/uplot.min.css"),
}


def _read() -> dict[str, File]:
    own = {file.name: file for file in (resources.files("gateway.pages") / "static").iterdir()}
    brought = {name: resources.files(package) / path for name, (package, path) in _VENDOR.items()}
    return {
        name: _file(file.read_bytes(), kind)
        for name, file in (own | brought).items()
        if (kind := _TYPES.get(name.rpartition(".")[2])) is not None
    }


def _file(content: bytes, kind: str) -> File:
    return File(content, kind, hashlib.sha256(content).hexdigest()[:16])


#: By name. They come with the program, and do not change while it runs.
FILES: Final = _read()

#: For the templates: a page asks for a file with its tag.
TAGS: Final = {name: file.tag for name, file in FILES.items()}
