"""What a campaign file or the settings may say and yet is worth a second look: warnings, never refusals.

A remark is a key, a kind of the catalogue, and that sentence's context.
"""

from collections.abc import Iterator, Mapping

from config import sms
from config.campaign import JOINED, Campaign
from config.organiser import NEEDED
from config.problems import Lang
from config.settings import Settings
from config.toml_lines import KeyPath
from tally import receipt
from tally.outcome import MessageOutcome

Remark = tuple[KeyPath, str, dict[str, object]]


def of_settings(settings: Settings) -> Iterator[Remark]:
    """Remarks on the service settings."""
    for index, network in enumerate(settings.trusted_proxies):
        if network.prefixlen == 0:
            yield ("trusted_proxies", index), "proxies_all", {}
    for name, source in settings.sources.items():
        if source.outbox is not None and not source.reply:
            yield ("sources", name, "outbox"), "outbox_idle", {}
    if settings.accounts.insecure_http:
        yield ("accounts", "insecure_http"), "insecure_http", {}


def of_campaign(campaign: Campaign) -> Iterator[Remark]:
    """Remarks on a campaign."""
    for need in NEEDED:
        if getattr(campaign.organiser, need) is None:
            yield ("organiser", need), f"organiser_{need}", {}
    for index, contest in enumerate(campaign.contests):
        path = ("contests", index)
        if contest.seats > len(contest.candidates):
            yield (*path, "seats"), "seats_over", {}
        for cap in contest.caps:
            if cap.per != "candidate" and cap.votes < contest.selections.max:
                yield (*path, "selections"), "selections_over", {"per": cap.per, "votes": cap.votes}
    for name, judging in campaign.evaluation.contests.items() if campaign.evaluation else ():
        if judging.shortlist and judging.shortlist > len(campaign.contests_by_id[name].candidates):
            yield ("evaluation", "contests", name, "shortlist"), "seats_over", {}
    languages: tuple[Lang, ...] = ("zh", "en")
    for lang in languages:
        texts: Mapping[MessageOutcome, str] = getattr(campaign.replies, lang)
        for outcome, text in texts.items():
            length = sms.length(longest(campaign, text, lang))
            if length.parts > 1:
                yield ("replies", lang, outcome.value), "reply_long", length._asdict()


def longest(campaign: Campaign, text: str, lang: Lang) -> str:
    """A reply with those names and that code filled in which make it longest.

    A message may name several candidates: as many names are filled in as one ballot may have.
    """

    def filling(names: list[str], many: int) -> str:
        return JOINED[lang].join(sorted(names, key=_weight, reverse=True)[:many])

    ballots = [
        {
            "{candidate}": filling([one.name_in(lang) for one in contest.candidates], contest.selections.max),
            "{contest}": contest.name_in(lang),
            "{code}": filling([one.code for one in contest.candidates], contest.selections.max),
            "{receipt}": "X" * receipt.CODE_LENGTH,
        }
        for contest in campaign.contests
    ]
    return max((_filled(text, ballot) for ballot in ballots), key=_cost)


def _cost(text: str) -> tuple[int, int]:
    length = sms.length(text)
    return length.parts, length.characters


def _filled(text: str, ballot: Mapping[str, str]) -> str:
    for placeholder, names in ballot.items():
        text = text.replace(placeholder, names)
    return text


def _weight(name: str) -> tuple[bool, int]:
    """One name that the GSM alphabet lacks makes the whole reply UCS-2."""
    return not sms.is_gsm(name), len(name.encode("utf-16-le"))
