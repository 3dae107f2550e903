"""The benchmark runs and says what it promises. How fast anything is, is not asked here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import grown, proxies
from gateway.intake import provider

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["somewhere"], 2)], ids=str)
def test_a_grown_ledger_is_not_begun_by_mistake(tmp_path: Path, words: list[str], code: int) -> None:
    with pytest.raises(SystemExit) as ended:
        grown.main([*words[:-1], words[-1] if code == 0 else str(tmp_path / words[-1])])
    assert ended.value.code == code
    assert list(tmp_path.iterdir()) == []


WEBHOOK = {
    "webhook_ratio",
    "webhook_cpu_ratio",
    "webhook_votes_per_s",
    "noop_per_s",
    "webhook_cpu_us",
    "noop_cpu_us",
    "webhook_p50_ms",
    "webhook_p99_ms",
    "noop_p50_ms",
    "noop_p99_ms",
    "noop_core",
    "paced_per_s",
    "paced_cpu_us",
    "paced_cpu_ratio",
    "paced_p50_ms",
    "paced_p99_ms",
    "paced_p999_ms",
    "matched_cpu_us",
    "matched_p50_ms",
    "matched_p99_ms",
    "matched_p999_ms",
}
ARRAY = {
    "array_votes_per_s",
    "array_ratio",
    "array_cpu_us",
    "array_p99_ms",
    "array_plain_ratio",
    "array_plain_cpu_ratio",
    "plain_votes_per_s",
    "plain_cpu_us",
}
IMPORT = {
    "import_rows",
    "import_rows_per_s",
    "import_cpu_us",
    "import_peak_mb",
    "import_tenth_peak_mb",
    "recount_rows_per_s",
    "recount_cpu_us",
    "recount_peak_mb",
}
VIEWERS = {
    "viewers",
    "viewers_core",
    "viewers_alone_core",
    "viewers_updates_per_s",
    "viewers_event_bytes",
    "viewers_p99_ms",
    "viewers_alone_p99_ms",
    "viewers_p99_ratio",
}
GROWTH = {
    "growth_rows",
    "growth_ratio",
    "growth_cpu_ratio",
    "growth_votes_per_s",
    "growth_empty_votes_per_s",
    "growth_cpu_us",
    "growth_empty_cpu_us",
    "growth_noop_cpu_us",
    "growth_p99_ms",
    "growth_empty_p99_ms",
    "growth_written_bytes",
    "growth_empty_written_bytes",
    "growth_memory_mb",
    "growth_standings_ms",
    "growth_recount_s",
    "growth_recount_cpu_s",
    "growth_recount_peak_mb",
    "growth_verify_s",
    "growth_verify_cpu_s",
    "growth_verify_peak_mb",
}
APART = {"ledger_cpu_ratio", "unledgered_cpu_us", "overload", "signing", "postgresql"}
ALWAYS = APART | {"provider_us", "rounds", "quick", "machine", "version", "import_flat"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads /proc")


def run(*options: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--rounds", "1", "--seconds", "0.2", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return last


def test_everything_has_its_figure() -> None:
    found = run("--rows", "100")

    assert set(found) == WEBHOOK | ARRAY | IMPORT | VIEWERS | GROWTH | ALWAYS
    assert all(found[name] > 0 for name in WEBHOOK | ARRAY | IMPORT | VIEWERS - {"viewers_core"})
    assert found["import_rows"] == 100
    assert found["import_flat"] is None
    assert found["rounds"] == 1
    assert found["quick"] is True
    assert set(found["machine"]) == {"cpu", "cores", "python", "sqlite", "kernel", "disk"}


def test_every_provider_has_its_cost() -> None:
    found = run("--only", "providers")

    assert set(found["provider_us"]) == set(provider.kinds())
    assert all(cost > 0 for cost in found["provider_us"].values())
    assert found["noop_cpu_us"] > 0
    assert found["webhook_ratio"] is None


def test_growth_has_its_figures_and_is_asked_for_alone() -> None:
    found = run("--only", "growth", "--rows", "100")

    assert all(found[name] for name in GROWTH)
    assert found["growth_rows"] == 100
    assert found["webhook_ratio"] is None


def test_the_ledger_has_its_cost() -> None:
    found = run("--only", "ledger")

    assert found["ledger_cpu_ratio"] > 0
    assert found["webhook_cpu_us"] > 0
    assert found["unledgered_cpu_us"] > 0


def test_overload_has_its_figures() -> None:
    found = run("--only", "overload")

    told = [(storm["by"], storm["times"]) for storm in found["overload"]]
    assert told == [(way, times) for way in ("", *proxies.available()) for times in (1, 2, 5)]
    for storm in found["overload"]:
        assert 0 < storm["taken"] <= storm["offered"]
        assert list(storm["taken_ms"]) == sorted(storm["taken_ms"])


def test_signing_has_its_figures() -> None:
    signed = run("--only", "signing")["signing"]

    assert signed["votes"] > 0
    assert 0 < signed["p50_ms"] <= signed["p99_ms"] <= signed["most_ms"]


def test_nodes_on_postgresql_have_their_figures() -> None:
    found = run("--only", "postgresql")["postgresql"]

    assert all(found[lane]["rate"] > 0 and found[lane]["node_us"] > 0 for lane in ("sqlite", "one", "two"))
    assert found["one"]["server_us"] > 0
    assert found["two"]["server_us"] > 0
    assert found["ratio"][1] <= found["ratio"][0] <= found["ratio"][2]


def test_what_was_not_measured_is_null() -> None:
    found = run("--only", "import", "--rows", "100")

    assert set(found) == WEBHOOK | ARRAY | IMPORT | VIEWERS | GROWTH | ALWAYS
    assert all(found[name] is None for name in WEBHOOK | ARRAY | VIEWERS | GROWTH | APART | {"provider_us"})
    assert found["rounds"] == 0
