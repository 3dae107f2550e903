"""How public votes and a panel's points are weighed (综合评议): the `[evaluation]` table of a campaign file.

Shares and points are exact: texts such as "60%" and "0.5", never numbers with a point, which a computer
rounds.
"""

import re
from fractions import Fraction
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, model_validator
from pydantic_core import InitErrorDetails

from config.fields import AT_LEAST_ONE, Many, Positive, Slug, Table, Text, error_at, raise_all, refused
from config.problems import Lang
from tally import evaluation
from tally.evaluation import PanelScore, Rounded, Rounding, Tie, Votes, written

_POINTS: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,4})?", re.ASCII)
_SHARE: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)\s?(%?)", re.ASCII)


def _points(value: Any) -> Fraction:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _POINTS.fullmatch(text) or not Fraction(text):
        raise refused("points")
    return Fraction(text)


def _share(value: Any) -> Fraction:
    match = _SHARE.fullmatch(value) if isinstance(value, str) else None
    share = Fraction(match[1]) / (100 if match[2] else 1) if match else Fraction(2)
    if share > 1:
        raise refused("share")
    return share


def _ties(rules: tuple[Tie, ...]) -> tuple[Tie, ...]:
    if len(set(rules)) < len(rules) or rules[-1:] != ("lot",):
        raise refused("ties")
    return rules


_TEXT: Final = PlainSerializer(written, return_type=str)
Points = Annotated[Fraction, PlainValidator(_points), _TEXT]
Share = Annotated[Fraction, PlainValidator(_share), _TEXT]


class Criterion(Table):
    """What candidates are judged by: points from 0 to `max` in steps of `step`, which count `weight`
    times."""

    id: Slug
    name: Text
    name_en: Text | None = None
    max: Points
    weight: Points = Fraction(1)
    step: Points = Fraction(1)

    def name_in(self, lang: Lang) -> str:
        """The name in that language, or else the only one there is."""
        return (self.name_en if lang == "en" else None) or self.name

    @model_validator(mode="after")
    def _in_steps(self) -> Self:
        if (self.max / self.step).denominator != 1:
            raise_all("Criterion", [error_at(("step",), refused("criterion_step"))])
        return self


def _own_ids(criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    if len({one.id for one in criteria}) < len(criteria):
        raise refused("criterion_twice")
    return criteria


class Judging(Table):
    """One contest: how many go on the shortlist (as many as it has seats, if not said), and its criteria."""

    shortlist: Positive | None = None
    criteria: Annotated[Many[Criterion], AT_LEAST_ONE, AfterValidator(_own_ids)]

    @property
    def plain(self) -> tuple[evaluation.Criterion, ...]:
        """The criteria as the evaluation wants them."""
        return tuple(evaluation.Criterion(one.id, one.max, one.weight, one.step) for one in self.criteria)


class Evaluation(Table):
    """The method. A contest that is not in `contests` is decided by its public votes alone."""

    public_weight: Share
    judges: Positive
    votes: Votes
    panel: PanelScore
    trim: Annotated[int, Field(ge=0)] = 0
    places: Annotated[int, Field(ge=0, le=6)] = 2
    rounding: Rounding = "half_up"
    rounded: Rounded = "end"
    blind: bool = True
    ties: Annotated[Many[Tie], AfterValidator(_ties)] = ("public", "panel", "lot")
    contests: Annotated[dict[Slug, Judging], AT_LEAST_ONE]

    @property
    def method(self) -> evaluation.Method:
        """The method as the evaluation wants it."""
        return evaluation.Method(
            self.public_weight,
            self.judges,
            self.votes,
            self.panel,
            self.trim,
            self.places,
            self.rounding,
            self.rounded,
            self.ties,
        )

    @model_validator(mode="after")
    def _trimmed(self) -> Self:
        raise_all("Evaluation", [*self._trim_faults()])
        return self

    def _trim_faults(self) -> list[InitErrorDetails]:
        if (self.panel == "trimmed_mean") != (self.trim > 0):
            return [error_at(("trim",), refused("trim_needed" if self.trim == 0 else "trim_idle"))]
        if 2 * self.trim >= self.judges:
            return [error_at(("trim",), refused("trim_many"))]
        return []
