"""A small panel over the shipped sample: two judges, few criteria."""

import re

from gateway.people.roles import Role
from tests.conftest import House, Staff, Visitor
from tests.pages.reading import Page

CAMPAIGN = "beita-2018"
#: Two contests: the windows judged by two criteria, the stars by one that counts twice.
EVALUATION = """[evaluation]
public_weight = "60%"
judges = 2
votes = "share_of_total"
panel = "mean"

[evaluation.contests.window]
shortlist = 2
criteria = [
  { id = "manner", name = "服务态度优", name_en = "Manner", max = 10, step = "0.5" },
  { id = "skill", name = "比业务", name_en = "Skill", max = 10 },
]

[evaluation.contests.star]
shortlist = 1
criteria = [{ id = "warm", name = "更热情", max = 5, weight = 2, step = "0.5" }]

"""
_SECTION = re.compile(r"^\[evaluation\]$.*?(?=^# 评选项目一)", re.MULTILINE | re.DOTALL)
WINDOWS, STARS = [f"A{n:02}" for n in range(1, 13)], [f"B{n:02}" for n in range(1, 21)]


def arrange(house: House, evaluation: str = EVALUATION) -> None:
    """The sample with another evaluation, or none."""
    text = house.campaign.read_text("utf-8")
    changed, n = _SECTION.subn(lambda _: evaluation, text)
    assert n == 1
    house.campaign.write_text(changed, "utf-8")


def sheet(judge: int, contest: str = "window", **changed: str) -> dict[str, str]:
    """A whole form of a judge: marks fall from candidate to candidate."""
    codes, criteria = (WINDOWS, ("manner", "skill")) if contest == "window" else (STARS, ("warm",))
    fields = {f"row-{code}": "1" for code in codes}
    for place, code in enumerate(codes):
        for criterion in criteria:
            points = max(0.0, (5 if contest == "star" else 10) - (place + judge) / 2)
            fields[f"mark-{code}-{criterion}"] = f"{points:g}" if criterion != "skill" else f"{points:.0f}"
    return {**fields, **changed}


async def judges(visitor: Visitor, n: int = 2) -> list[Staff]:
    """Members of the panel, signed in."""
    return [await visitor.sign_in(Role.PANEL, f"judge-{at}") for at in range(1, n + 1)]


async def submitted(staff: Staff, judge: int, contest: str = "window", **changed: str) -> None:
    """Fill a sheet in, and submit it."""
    path = f"/panel/{CAMPAIGN}/{contest}"
    reviewed = await staff.post(path, **sheet(judge, contest, **changed), act="review")
    answer = await staff.post(f"{path}/submit", digest=digest(reviewed.text))
    assert answer.location.endswith("done=panel_submitted"), answer.text


def digest(page: str) -> str:
    """What tells the draft that a page shows before it is submitted."""
    (shown,) = Page(page).all("input", name="digest")
    return shown["value"]
