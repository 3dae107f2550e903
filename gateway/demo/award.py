"""What follows the demo's vote: a complete result, a public notice, an objection that is upheld, a second
notice that stands its week, and two people who certify. All through the committee's page.
"""

import asyncio
import re
from typing import Final

from gateway import setup
from gateway.demo.people import Person, Slip, hidden

_ROOM: Final = f"/committee/{setup.CAMPAIGN}"
_RESULT: Final = f"{_ROOM}/result"
#: Against whom an objection is upheld.
OBJECTED: Final = "window/A01"


async def to_the_second_notice(first: Person, second: Person) -> None:
    """From the last ruling to the notice that will stand."""
    await _act(first, second, "waive", reason="no_statement_to_be_had", note="演示没有对账单")
    await _complete(first)
    await _act(first, second, "publish", reason="first_notice", first_day=await _today(first))
    told = {"came_on": await _today(first), "name": "王某", "about": OBJECTED, "subject": "事迹不实"}
    await _act(first, None, "object", reason="letter", **told)
    answer = "经核查，情况属实，取消资格。"
    await _act(first, second, "answer", objection="1", answer=answer, reason="upheld/untrue_deeds")
    asked = {"kind": "withdraw", "candidate": OBJECTED, "reason": "disqualified"}
    shown = await first.fill_in(f"{_ROOM}/acts", f"{_ROOM}/acts/review", asked)
    await first.fill_in(f"{_ROOM}/acts", f"{_ROOM}/acts", {**asked, "digest": hidden(shown, "digest")})
    await _complete(first)
    await _act(first, second, "publish", reason="after_correction", first_day=await _today(first))


async def certify(first: Person, second: Person) -> None:
    """When the notice has stood its time."""
    await _act(first, second, "certify", reason="result_confirmed")


async def _complete(member: Person) -> None:
    """Have the count done again, by an export, and declare the result complete."""
    exports = f"{_ROOM}/exports"
    page = await member.fill_in(exports, exports, {})
    while 'http-equiv="refresh"' in page:
        await asyncio.sleep(0.3)
        page = await member.see(exports)
    await _act(member, None, "complete", reason="count_complete")


async def _today(member: Person) -> str:
    page = await member.see(_RESULT)
    found = re.search(r'name="(?:first_day|came_on)" type="date" value="([0-9-]{10})"', page)
    if found is None:
        raise Slip("the result's page has no day")
    return found[1]


async def _act(member: Person, second: Person | None, kind: str, **told: str) -> None:
    """See what an act will do, do it, and have the second person agree if it takes two."""
    asked = {"kind": kind, **told}
    shown = await member.fill_in(_RESULT, f"{_RESULT}/review", asked)
    await member.fill_in(_RESULT, _RESULT, {**asked, "digest": hidden(shown, "digest")})
    if second is None:
        return
    page = await second.see(_RESULT)
    approve = re.search(r'action="([^"]*/approve)"', page)
    if approve is None:
        raise Slip(f"no proposal is shown: {kind}")
    await second.fill_in(_RESULT, approve[1], {"back": "result", "digest": hidden(page, "digest")})
