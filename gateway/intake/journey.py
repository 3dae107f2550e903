"""The way of a message, in order: the first file a newcomer opens.

receive -> authenticate -> read -> **normalise -> map -> place** -> recall -> judge -> record -> answer

`receive.py` takes the request; the source's provider authenticates it and reads it into `Inbound`
values; `prepare`, here, settles all that can be said of a message without remembering other
messages; `recorder.py` gathers what is waiting, recalls, and commits; `decide.py` judges; the provider
words the answer. Log files enter at *read*, by `importer.py`. What a source hands over in parts waits in
`gateway/parts` between *read* and *normalise*.
"""

import hashlib
from functools import lru_cache
from typing import Final, NamedTuple, assert_never

from dedup import caller, keys
from dedup.caller import Caller, Standing
from gateway.intake import running
from gateway.intake.inbound import Form, Inbound
from gateway.intake.running import Running
from gateway.intake.source import Source
from gateway.storage.store import Heard
from tally import selections, window
from tally.outcome import MessageOutcome, Selection
from tally.selections import Finding, Reading
from tally.window import Placement


class Prepared(NamedTuple):
    """A message normalised, mapped and placed in time.

    `ended` is its outcome where no memory is needed, None where the caps decide. `selections` are those
    that the caps judge, or whose candidates have all withdrawn, or, with `pending`, that wait for a
    person; `withdrawn` are those among them whose candidate has withdrawn. `note` tells an adjudicator
    why, in a fixed word. `edition` is the campaign's when this was prepared.
    """

    source: Source
    inbound: Inbound
    received_ms: int
    caller: Caller
    heard: Heard
    placement: Placement
    day: str
    ended: MessageOutcome | None
    selections: tuple[Selection, ...]
    pending: bool
    withdrawn: frozenset[Selection]
    note: str
    raw_sha256: str
    edition: int


def prepare(source: Source, inbound: Inbound, received_ms: int) -> Prepared:
    """All that can be said of one message by itself. Pure, and total."""
    rules = source.running
    who = caller.normalise(inbound.caller, source.numbering)
    placement = window.place(
        rules.window(source.channel), received_ms, inbound.sent_ms, source.clock, rules.skew_ms
    )
    reading = _read(source, inbound)
    ended, note = _ending(source, inbound, who, placement, reading)
    pending = ended is not None and ended in rules.pending
    judged = ended is None or ended is MessageOutcome.WITHDRAWN
    chosen = reading.selections if judged or pending else ()
    return Prepared(
        source,
        inbound,
        received_ms,
        who,
        _heard(source, inbound, who),
        placement,
        running.day(placement.at_ms, rules.zone),
        ended,
        chosen,
        pending,
        rules.withdrawn.intersection(chosen) if rules.withdrawn else rules.withdrawn,
        note or placement.note,
        hashlib.sha256(inbound.raw).hexdigest(),
        rules.edition,
    )


#: A member of an enumeration takes longer to look up than a name.
_UNPARSED: Final = Form.UNPARSED
_UNREADABLE: Final = Reading(Finding.NOTHING)
_HEARSAY: Final = Reading(Finding.UNCLEAR, why="spoken")


def _read(source: Source, inbound: Inbound) -> Reading:
    match inbound.form:
        case Form.TEXT:
            return selections.read_text(source.running.codebook, inbound.text)
        case Form.DIGITS:
            return selections.read_digits(source.running.codebook, inbound.text)
        case Form.SPOKEN:
            return _HEARSAY
        case Form.UNPARSED:
            return _UNREADABLE
        case form:
            assert_never(form)


def _heard(source: Source, inbound: Inbound, who: Caller) -> Heard:
    key = source.running.keys
    message = keys.message_key(key.message, source.name, inbound.message_id)
    if inbound.form is _UNPARSED:
        return Heard(keys.NOBODY, message)
    return Heard(keys.voter_key(key.voter, who.line, inbound.caller), message)


def _ending(
    source: Source, inbound: Inbound, who: Caller, placement: Placement, reading: Reading
) -> tuple[MessageOutcome | None, str]:
    """The first rule that ends the message, and a note. The order is: could it be read, is it a test or
    a barred line, was it in the window, whose is it, what does it say."""
    if inbound.form is _UNPARSED:
        return MessageOutcome.UNPARSED, inbound.text
    if who.line and who.line in source.running.tested:
        return MessageOutcome.TEST, ""
    if who.line and who.line in source.running.barred:
        return MessageOutcome.BARRED_CALLER, ""
    if placement.when != "on_time":
        return MessageOutcome(placement.when), ""
    match who.standing:
        case Standing.KNOWN:
            return _by_words(source.running, reading)
        case Standing.WITHHELD:
            return MessageOutcome.WITHHELD_CALLER, ""
        case Standing.INVALID:
            return MessageOutcome.INVALID_CALLER, ""
        case standing:
            assert_never(standing)


def _by_words(rules: Running, reading: Reading) -> tuple[MessageOutcome | None, str]:
    match reading.finding:
        case Finding.CODES:
            if rules.withdrawn.issuperset(reading.selections):
                return MessageOutcome.WITHDRAWN, ""
            return by_ballot(rules, reading.selections), ""
        case Finding.NOTHING:
            return MessageOutcome.NO_CODE, reading.why
        case Finding.UNKNOWN:
            return MessageOutcome.UNKNOWN_CODE, reading.why
        case Finding.UNCLEAR:
            return MessageOutcome.UNCLEAR, reading.why
        case finding:
            assert_never(finding)


@lru_cache(maxsize=4096)
def by_ballot(rules: Running, chosen: tuple[Selection, ...]) -> MessageOutcome | None:
    """Whether a ballot may have so many selections in each of the contests it names: few ballots differ."""
    made: dict[str, int] = {}
    for contest, _ in chosen:
        made[contest] = made.get(contest, 0) + 1
    few = False
    for contest, count in made.items():
        ballot = rules.ballots[contest]
        if count > ballot.max:
            return MessageOutcome.OVERVOTE
        few = few or count < ballot.min
    return MessageOutcome.UNDERVOTE if few else None
