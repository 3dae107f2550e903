"""The software bill of materials names what the lock installs, and nothing else."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def test_it_lists_what_the_lock_installs(tmp_path: Path) -> None:
    file = tmp_path / "sbom.json"
    # The virtual environment is the one that runs this: it is not made anew, whatever its stamp says.
    made = ["make", "-s", "-o", f"{sys.prefix}/.dev", "sbom", f"VENV={sys.prefix}", f"SBOM={file}"]
    ended = subprocess.run(made, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    told = json.loads(file.read_bytes())
    locked = PINNED.findall((ROOT / "requirements.lock").read_text("utf-8"))
    assert len(locked) > 40
    assert sorted((one["name"], one["version"]) for one in told["components"]) == sorted(locked)
    assert all(one["purl"].startswith("pkg:pypi/") for one in told["components"])
    assert told["metadata"]["component"]["name"] == "televote"
