"""Builds our small Go programs, with Debian's Go and its packages for transparency logs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

GO_PATH = Path("/usr/share/gocode")
needs_go = pytest.mark.skipif(
    shutil.which("go") is None or not (GO_PATH / "src/golang.org/x/mod/sumdb").is_dir(),
    reason="needs Go and its log packages: apt-get install golang-go golang-golang-x-mod-dev",
)


def program(folder: Path, source: str) -> Iterator[Path]:
    """The program of a source below `go/`, built in a folder, which goes with it."""
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(GO_PATH),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
    }
    command = ["go", "build", "-o", str(folder / "check"), str(Path(__file__).parent / "go" / source)]
    subprocess.run(command, check=True, env=environment)
    yield folder / "check"
    shutil.rmtree(folder, ignore_errors=True)
