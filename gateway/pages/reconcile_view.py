"""How a comparison is shown: groups of differences, each with its likely reason, and the first of them one by
one. Pure: numbers come masked."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from config.problems import Lang
from gateway.intake.running import Running
from gateway.pages import case_view
from gateway.pages.words_reconcile import KINDS, LIKELY, RECONCILE
from gateway.reconcile.comparing import Listed, Report
from gateway.reconcile.entering import TO_BRING_IN, USUALLY, Explained
from tally.export import WORDS
from tally.reconciliation import KINDS as ORDER
from tally.reconciliation import REASONS

#: Differences on the page: the command lists all.
MOST: Final = 200
_HOUR_MS: Final = 3_600_000


class Group(NamedTuple):
    """All differences of a kind and reason. `name` and `word` are what the form calls them; `bring` whether
    they can be brought in, `meant` whether that is meant unless somebody says otherwise."""

    name: str
    word: str
    kind: str
    reason: str
    number: str
    explained: str
    bring: bool
    meant: bool


class Item(NamedTuple):
    """One difference. `at` counts from 1."""

    at: int
    name: str
    kind: str
    reason: str
    row: str
    theirs_at: str
    ours_at: str
    number: str
    other_number: str
    theirs: str
    ours: str
    entry: str
    rows: str
    explained: str


def groups(report: Report, fields: Mapping[str, str], lang: Lang) -> list[Group]:
    """The groups in the order of kinds and reasons; `fields` are what was typed."""
    found = report.compared.groups
    return [
        Group(
            f"{kind}-{reason}",
            reason,
            KINDS[kind].by(lang),
            LIKELY[kind, reason].by(lang),
            f"{found[kind, reason]:,}",
            fields.get(f"group-{kind}-{reason}", ""),
            kind == "missing" and reason in TO_BRING_IN and report.whole,
            reason in USUALLY if "tried" not in fields else f"bring-{reason}" in fields,
        )
        for kind in ORDER
        for reason in REASONS[kind]
        if found[kind, reason]
    ]


def items(
    report: Report, nodes: Mapping[int, str], running: Running, fields: Mapping[str, str], lang: Lang
) -> list[Item]:
    """The first differences, one by one; `nodes` are the names of logs."""
    return [_item(at, one, nodes, running, fields, lang) for at, one in enumerate(report.listed[:MOST], 1)]


def _item(
    at: int, one: Listed, nodes: Mapping[int, str], running: Running, fields: Mapping[str, str], lang: Lang
) -> Item:
    found = one.finding
    aggregate = found.kind == "shifted" and not found.row
    entry = f"{nodes.get(one.place[0], '')}/{one.place[1]}" if one.place else ""
    return Item(
        at,
        f"{found.kind}-{found.reason}",
        KINDS[found.kind].by(lang),
        LIKELY[found.kind, found.reason].by(lang),
        one.where,
        "" if found.theirs_ms is None or aggregate else case_view.moment(found.theirs_ms, running),
        "" if found.ours_ms is None or aggregate else case_view.moment(found.ours_ms, running),
        one.number,
        one.other_number,
        one.theirs[:60],
        one.ours[:60] if "text" in found.differs or not one.theirs else "",
        entry,
        f"{found.rows:,}",
        fields.get(f"why-{at}", ""),
    )


def explained(report: Report, fields: Mapping[str, str], most: int) -> list[Explained]:
    """The explanations in a form."""
    whole = [
        Explained(kind, reason, text)
        for kind, reason in report.compared.groups
        if (text := fields.get(f"group-{kind}-{reason}", "").strip()[:most])
    ]
    single = [
        Explained(one.finding.kind, one.finding.reason, text, at)
        for at, one in enumerate(report.listed[:MOST])
        if (text := fields.get(f"why-{at + 1}", "").strip()[:most])
    ]
    return [*whole, *single]


def slip(report: Report, lang: Lang) -> str:
    """By how much the whole statement is off: "+8 h"; "" if it is not."""
    by_ms = report.compared.slip_ms
    if not by_ms:
        return ""
    hours = f"{by_ms / _HOUR_MS:+g} {'小时' if lang == 'zh' else 'h'}"
    return RECONCILE["slip"].by(lang).format(by=hours)


def brought(outcomes: Mapping[str, int], before: int, ahead: int, lang: Lang) -> str:
    """What bringing in came to, in a sentence."""
    said = [("brought", sum(outcomes.values())), ("brought_before", before), ("brought_ahead", ahead)]
    told = [RECONCILE[word].by(lang).format(n=f"{n:,}") for word, n in said if n or word == "brought"]
    which = 0 if lang == "zh" else 1
    ended = [f"{WORDS[outcome][which]} {n:,}" for outcome, n in sorted(outcomes.items())]
    comma, stop = ("；", "。") if lang == "zh" else ("; ", ".")
    return f"{comma.join([*told, *ended])}{stop}"
