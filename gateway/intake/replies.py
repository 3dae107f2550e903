"""The words a sender gets back, from the campaign's reply texts. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from config.campaign import JOINED
from gateway.intake.source import Source
from tally import receipt
from tally.outcome import MessageOutcome


class Words(NamedTuple):
    """A reply, and what is filled in for its `{candidate}`, `{contest}` and `{code}`."""

    text: str
    candidate: str
    contest: str
    code: str


def reply(
    source: Source,
    outcome: MessageOutcome,
    selections: Sequence[tuple[str, str, str]],
    code: int | None = None,
) -> str:
    """The reply text for one message, "" if the campaign has none for its outcome.

    `selections` are (contest, candidate, outcome); `code` is the message's receipt, if it has one.
    """
    template = _template(source, outcome)
    return words(source, outcome, selections, code).text if "{" in template else template


def words(
    source: Source,
    outcome: MessageOutcome,
    selections: Sequence[tuple[str, str, str]],
    code: int | None = None,
) -> Words:
    """The same, with its parts: they stand for what the message was counted for, or named."""
    counted = [one for one in selections if one[2] == "counted"] or list(selections)
    campaign, joined = source.running.campaign, JOINED[source.language]
    candidate = joined.join(
        campaign.candidate(contest, code).name_in(source.language) for contest, code, _ in counted
    )
    contests = joined.join(
        dict.fromkeys(campaign.contests_by_id[contest].name_in(source.language) for contest, _, _ in counted)
    )
    codes = joined.join(code for _, code, _ in counted)
    text = _template(source, outcome)
    if code is not None:
        text = text.replace("{receipt}", receipt.spelled(code))
    for placeholder, names in (("{candidate}", candidate), ("{contest}", contests), ("{code}", codes)):
        text = text.replace(placeholder, names)
    return Words(text, candidate, contests, codes)


def _template(source: Source, outcome: MessageOutcome) -> str:
    texts = source.running.campaign.replies
    return (texts.zh if source.language == "zh" else texts.en).get(outcome, "")
