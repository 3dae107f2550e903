"""The result as it is signed: what of it is told when."""

from types import SimpleNamespace
from typing import Any

import pytest

from tally import certified
from tally.certification import Notice, Progress
from tally.shortlist import Shortlist

CANDIDATES = [
    {"code": code, "name": code, "unit": "", "votes": votes, "rank": rank}
    for code, votes, rank in (("A01", 5, 1), ("A02", 3, 2))
]
STANDINGS: dict[str, Any] = {
    "campaign": "award",
    "name": "Award",
    "contests": [{"id": "window", "name": "Windows", "seats": 1, "candidates": CANDIDATES}],
    "balance": {"waiting": 0},
}
LISTED = Shortlist({"window": ("A02",)}, {})
SCORES = {score: {"exact": "1/3", "shown": "33.33"} for score in ("public", "panel", "composite")}
ROW = {"code": "A02", "rank": 1, "judges": {"j": {}}, **SCORES}
WEIGHED = {"contests": [{"id": "window", "rows": [ROW]}]}
SIGNED: Any = SimpleNamespace(
    leaf=SimpleNamespace(
        kind="certify", at_ms=1, detail={"by": "wang", "second": "li", "result": "r", "manifest": "m"}
    )
)
NOTICE = Notice(1, 0, "2018-07-25", "2018-07-31", 1, LISTED.listed)


@pytest.mark.parametrize(
    ("progress", "is_told"),
    [
        (Progress(), False),
        (Progress(status="unofficial-complete"), False),
        (Progress(status="unofficial-complete", notices=(NOTICE,)), True),
        (Progress(status="correction", notices=(NOTICE,), corrected=True), False),
        (Progress(status="certified", notices=(NOTICE,)), True),
    ],
)
def test_who_is_listed_is_told_once_it_is_published(progress: Progress, is_told: bool) -> None:
    told = certified.document(progress, STANDINGS, LISTED, [SIGNED], str, WEIGHED)
    (contest,) = told["contests"]
    assert contest["listed"] == (["A02"] if is_told else [])
    assert [one["listed"] for one in contest["candidates"]] == [False, is_told]
    composite = dict.fromkeys(SCORES, "33.33") | {"rank": 1}
    assert contest["candidates"][1].get("evaluation") == (composite if is_told else None)
    assert "judges" not in str(told)


def test_the_digest_stands_for_list_and_evaluation() -> None:
    other = {**WEIGHED, "contests": []}
    digests = {
        certified.digest(STANDINGS, LISTED, WEIGHED),
        certified.digest(STANDINGS, Shortlist({"window": ("A01",)}, {}), WEIGHED),
        certified.digest(STANDINGS, LISTED, other),
        certified.digest(STANDINGS, LISTED, None),
    }
    assert len(digests) == 4
