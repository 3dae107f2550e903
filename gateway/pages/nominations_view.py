"""The pages of nominations as plain values for their templates. Pure: values in, values out."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from config.problems import Lang
from gateway.nominations import checks
from gateway.nominations.checks import Flaw
from gateway.nominations.forms import STAGES, Form, opinion
from gateway.nominations.records import Filed, Head
from gateway.pages.words_nominations import WORDS
from gateway.spreadsheet import table

#: Of one page of the list.
ROWS: Final = 100
#: Of the faults of a spreadsheet that are shown.
MOST_FAULTS: Final = 200
_PILLS: Final = {"approved": "ok", "declined": "bad", "returned": "warn", "withdrawn": "off"}


class Row(NamedTuple):
    """One nomination in the list; `twin` if another has its name."""

    id: int
    name: str
    unit: str
    code: str
    standing: str
    pill: str
    twin: bool


class Input(NamedTuple):
    """One field of the form as it is shown."""

    key: str
    label: str
    kind: str
    value: str
    hint: str
    error: str
    most: int
    choices: list[tuple[str, str]]


class Stage(NamedTuple):
    """One endorsement as it is shown; `state` is done, lapsed or none."""

    key: str
    label: str
    state: str
    ruling: str = ""
    who: str = ""
    on: str = ""
    note: str = ""


def rows(heads: Sequence[Head], lang: Lang, page: int) -> tuple[list[Row], bool]:
    """One page of the list, from 0, and whether there is another."""
    names = Counter(table.folded(one.name) for one in heads)
    shown = heads[page * ROWS : (page + 1) * ROWS]
    return [
        Row(
            one.id,
            one.name,
            one.unit,
            one.code,
            _said(f"standing_{one.standing}", lang),
            _PILLS.get(one.standing, ""),
            names[table.folded(one.name)] > 1,
        )
        for one in shown
    ], len(heads) > (page + 1) * ROWS


def sums(heads: Sequence[Head], lang: Lang) -> list[tuple[str, int]]:
    """How many nominations are how far."""
    counted = Counter(one.standing for one in heads)
    order = (
        "unfinished",
        *(f"awaits_{stage}" for stage in STAGES),
        "approved",
        "returned",
        "declined",
        "withdrawn",
    )
    return [(_said(f"standing_{one}", lang), counted[one]) for one in order if counted[one]]


def inputs(form: Form, values: Mapping[str, str], flaws: Sequence[Flaw], lang: Lang) -> list[Input]:
    """The form's fields; `flaws` are shown beside them."""
    errors = faults(flaws, lang)
    return [
        Input(
            one.key,
            one.title.by(lang)
            + (_said("ours", lang) if one.ours else "")
            + (_said("needed", lang) if one.required else ""),
            one.kind,
            values.get(one.key, ""),
            _hint(one.hint, one.least, values.get(one.key, ""), lang),
            errors.get(one.key, ""),
            one.most,
            [("", _said("field_choose", lang)), *((each, each) for each in one.choices)],
        )
        for one in form.fields
    ]


def _hint(hint: Any, least: int, value: str, lang: Lang) -> str:
    text: str = hint.by(lang)
    if least:
        text += " " + _said("now_length", lang).format(n=checks.length(value))
    return text


def faults(flaws: Sequence[Flaw], lang: Lang) -> defaultdict[str, str]:
    """What is said beside each field: the first that is wrong with it."""
    found: defaultdict[str, str] = defaultdict(str)
    for one in flaws:
        found.setdefault(one.key, said(one, lang))
    return found


def said(flaw: Flaw, lang: Lang) -> str:
    """What is wrong with a value, and how to mend it, without the field's name."""
    wrong, right = checks.WORDS[flaw.kind]
    text: str = f"{wrong.by(lang)} — {right.by(lang)}"
    return text.format_map(dict(flaw.fill))


def stages(form: Form, head: Head, lang: Lang) -> list[Stage]:
    """The three endorsements."""
    found = []
    for stage in STAGES:
        label = opinion(form, stage) if lang == "zh" else _english(form, stage)
        one = head.opinions.get(stage)
        state = "lapsed" if one is None and stage in head.stale else "done" if one else "none"
        if one is not None:
            word = _said(f"ruling_{one.ruling}", lang)
            found.append(Stage(stage, label, state, word, one.who, one.on.isoformat(), one.note))
        else:
            found.append(Stage(stage, label, state))
    return found


def endorsable(form: Form, head: Head, lang: Lang, *, may: bool) -> list[tuple[str, str]]:
    """The endorsements that can be recorded now: a new one, or another in place of the newest."""
    if not may or not head.complete or head.withdrawn:
        return []
    found = []
    for stage in STAGES:
        found.append((stage, opinion(form, stage) if lang == "zh" else _english(form, stage)))
        one = head.opinions.get(stage)
        if one is None or one.ruling != "agree":
            break
    return found


def _english(form: Form, stage: str) -> str:
    return form.first_opinion.en if stage == "unit" else _said(f"stage_{stage}", "en")


def file_row(one: Filed, lang: Lang) -> tuple[int, str, str, str, bool]:
    """A file: its number, kind, name, size, and whether it can be shown as a picture."""
    return (one.id, _said(f"kind_{one.kind}", lang), one.name, f"{max(1, one.size // 1024):,} KB",
            one.media.startswith("image/") and one.kind != "paper")  # fmt: skip


def _said(key: str, lang: Lang) -> str:
    return WORDS[key].by(lang)
