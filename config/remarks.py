"""What a campaign file or the settings may say and yet is worth a second look: warnings, never refusals.

A remark is a key, a kind of the catalogue, and that sentence's context.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from config.campaign import Campaign
from config.problems import Lang
from config.settings import Settings
from config.toml_lines import KeyPath
from tally.outcome import MessageOutcome

Remark = tuple[KeyPath, str, dict[str, object]]

#: UCS-2 characters in one SMS.
ONE_SMS: Final = 70


def of_settings(settings: Settings) -> Iterator[Remark]:
    """Remarks on the service settings."""
    for index, network in enumerate(settings.trusted_proxies):
        if network.prefixlen == 0:
            yield ("trusted_proxies", index), "proxies_all", {}
    if settings.accounts.insecure_http:
        yield ("accounts", "insecure_http"), "insecure_http", {}


def of_campaign(campaign: Campaign) -> Iterator[Remark]:
    """Remarks on a campaign."""
    for index, contest in enumerate(campaign.contests):
        path = ("contests", index)
        if contest.seats > len(contest.candidates):
            yield (*path, "seats"), "seats_over", {}
        for cap in contest.caps:
            if cap.per != "candidate" and cap.votes < contest.selections.max:
                yield (*path, "selections"), "selections_over", {"per": cap.per, "votes": cap.votes}
    languages: tuple[Lang, ...] = ("zh", "en")
    for lang in languages:
        texts: Mapping[MessageOutcome, str] = getattr(campaign.replies, lang)
        for outcome, text in texts.items():
            if (length := _longest(campaign, text, lang)) > ONE_SMS:
                yield ("replies", lang, outcome.value), "reply_long", {"length": length, "longest": ONE_SMS}


def _longest(campaign: Campaign, text: str, lang: Lang) -> int:
    """The UCS-2 length of a reply with the longest names and code of the campaign filled in."""
    candidates = [one for contest in campaign.contests for one in contest.candidates]
    fillings = {
        "{candidate}": [one.name_in(lang) for one in candidates],
        "{contest}": [contest.name_in(lang) for contest in campaign.contests],
        "{code}": [one.code for one in candidates],
    }
    for placeholder, names in fillings.items():
        text = text.replace(placeholder, max(names, key=_ucs2))
    return _ucs2(text)


def _ucs2(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
