"""The words a sender gets back, from the campaign's reply texts. Pure."""

from gateway.intake.decide import Verdict
from gateway.intake.source import Source


def reply(source: Source, verdict: Verdict) -> str:
    """The reply text for one message, "" if the campaign has none for its outcome.

    `{candidate}`, `{contest}` and `{code}` stand for what the message was counted for, or named.
    """
    texts = source.running.campaign.replies
    template = (texts.zh if source.language == "zh" else texts.en).get(verdict.outcome, "")
    if "{" not in template:
        return template
    counted = [one for one in verdict.selections if one[2] == "counted"] or list(verdict.selections)
    campaign = source.running.campaign
    names = [campaign.candidate(contest, code).name_in(source.language) for contest, code, _ in counted]
    contests = dict.fromkeys(
        campaign.contests_by_id[contest].name_in(source.language) for contest, _, _ in counted
    )
    return (
        template.replace("{candidate}", "、".join(names))
        .replace("{contest}", "、".join(contests))
        .replace("{code}", "、".join(code for _, code, _ in counted))
    )
