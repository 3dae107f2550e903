"""What a motion comes to: worked out, with nothing changed, by the rules that will judge it.

The outlook is part of what people agree to. If it is another one when the motion is carried out, then
something has changed meanwhile, and nothing is done.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.intake import chair
from gateway.intake.recorder import Recorder
from gateway.intake.revise import Foreseen, Refused
from gateway.intake.running import Running
from gateway.room.motion import RULINGS, Motion, plain
from tally import acts
from tally.outcome import CHANNELS


class Outlook(NamedTuple):
    """`state` is JSON: what the motion is about as it stands, and what it comes to. `foreseen` is that of
    rulings as the recorder wants it; `entries` is how many the campaign had when it was looked at."""

    state: Mapping[str, Any]
    foreseen: Foreseen | None = None
    entries: int | None = None


async def look(recorder: Recorder, running: Running, motion: Motion, now_ms: int) -> Outlook:
    """What a motion comes to. Raises `Refused` if the rules do not allow it, `store.Unavailable`."""
    if motion.reason not in acts.REASONS.get(motion.reasons, ()):
        raise Refused("no_reason")
    if motion.kind not in RULINGS:
        return Outlook(_of_the_campaign(running, motion, now_ms))
    if not motion.targets:
        raise Refused("no_such_message")
    # Who agrees is not known yet; that they are two is asked when it is carried out.
    foreseen = await recorder.foresee(running, motion.rulings("one", "another"), now_ms)
    return Outlook(plain(foreseen._asdict()), foreseen)


def _of_the_campaign(running: Running, motion: Motion, now_ms: int) -> Mapping[str, Any]:
    closes = {channel: running.window(channel).closes_ms for channel in CHANNELS}
    match motion.kind:
        case "withdraw":
            chair.withdrawal(running, motion.selections[0])
            withdrawn = sorted(list(one) for one in running.withdrawn)
            return {"withdrawn": withdrawn, "release": running.campaign.withdrawal == "release"}
        case "bar":
            chair.line_to_bar(running, motion.line)
            return {"barred": False}
        case "unbar":
            chair.line_to_unbar(running, motion.line)
            return {"barred": True}
        case "reschedule":
            return {
                "closes_ms": closes,
                "becomes_ms": chair.new_closes(running, dict(motion.closes_ms), now_ms),
            }
        case _:
            if not running.opened or running.closed:
                raise Refused("not_open")
            return {"closes_ms": closes, "early": now_ms <= running.settled_ms}
