"""The evaluation on a terminal that is too narrow for it."""

import io
from typing import Any

import pytest
from rich.console import Console

from gateway.printed import evaluation


def figure(shown: str) -> dict[str, str]:
    return {"exact": shown, "shown": shown}


def test_no_figure_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(evaluation, "OUT", Console(file=out, width=80, emoji=False))
    row: dict[str, Any] = {
        "rank": 1,
        "tied": False,
        "code": "A01",
        "name": "不动产登记窗口（示例）",
        "votes": 1_234_567,
        "judges": {f"judge-{n}": {"score": figure(f"9{n}.1234"), "kept": n > 0} for n in range(5)},
        "shortlisted": True,
        **{
            step: figure(f"8{n}.5678")
            for n, step in enumerate(("public", "panel", "public_part", "panel_part", "composite"))
        },
    }
    changes = [
        {"weight": {"shown": f"{n}.25%", "exact": f"{n}/400"}, "shortlist_changes": True} for n in range(9)
    ]
    told = {"id": "window", "rows": [row], "missing": [], "sweep": {"breakpoints": changes}, "smallest": {}}
    evaluation.table({"contests": [told]}, "en")
    title, heading, figures, at = out.getvalue().splitlines()
    assert title.strip() == "window"
    assert heading.split()[-4:] == ["public", "part", "panel", "part", "composite"][-4:]
    shown = "1 A01 不动产登记窗口（示例） 1,234,567 80.5678 90.1234× 91.1234 92.1234 93.1234 94.1234 "
    assert figures.split() == f"{shown} 81.5678 82.5678 83.5678 84.5678 listed".split()
    assert at.endswith("8.25% (8/400)")
