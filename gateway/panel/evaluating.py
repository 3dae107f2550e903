"""The evaluation of a campaign from what its ledger says: the sheets and lots in its acts, and its
standings. Pure."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from config.evaluation import Evaluation
from gateway.intake.running import Running
from tally import evaluated
from tally.evaluated import Named
from tally.evaluation import Contest, Field, Marks, Sheet
from tally.shortlist import Shortlist
from tally.shortlist import by_votes as by_votes_alone
from tally.verify import Checked


class Panel(NamedTuple):
    """What judges have submitted, and lots that were drawn, by contest, in the order of the ledger."""

    sheets: Mapping[str, list[Sheet]]
    lots: Mapping[str, list[tuple[str, ...]]]

    def judges(self, contest: str) -> list[str]:
        """Who has submitted."""
        return [sheet.judge for sheet in self.sheets.get(contest, ())]


def read(acts: Iterable[Checked]) -> Panel:
    """The sheets and lots among a campaign's acts. A sheet that was erased is not there."""
    sheets: dict[str, list[Sheet]] = {}
    lots: dict[str, list[tuple[str, ...]]] = {}
    for act in acts:
        detail = act.leaf.detail
        if act.leaf.kind == "score" and act.private:
            marks = {code: _marks(given) for code, given in act.private["marks"].items()}
            sheets.setdefault(detail["contest"], []).append(Sheet(detail["by"], marks))
        elif act.leaf.kind == "lot":
            lots.setdefault(detail["contest"], []).append(tuple(detail["order"]))
    return Panel(sheets, lots)


def _marks(given: Mapping[str, str] | None) -> Marks:
    return None if given is None else {name: Fraction(points) for name, points in given.items()}


def contests(running: Running, standings: Mapping[str, Any], panel: Panel) -> dict[str, Contest]:
    """The contests that the panel judges, by id, with the votes of these standings."""
    evaluation = running.campaign.evaluation
    if evaluation is None:
        return {}
    return {
        told["id"]: _contest(running, evaluation, told, panel)
        for told in standings["contests"]
        if told["id"] in evaluation.contests
    }


def _contest(running: Running, evaluation: Evaluation, told: Mapping[str, Any], panel: Panel) -> Contest:
    name, judging = told["id"], evaluation.contests[told["id"]]
    votes = {one["code"]: one["votes"] for one in told["candidates"]}
    stays = [code for code in candidates(running, name) if code in votes]
    shortlist = judging.shortlist or running.campaign.contests_by_id[name].seats
    field = Field(name, shortlist, {code: votes[code] for code in stays}, judging.plain)
    sheets = panel.sheets.get(name, [])[: evaluation.judges]
    return Contest(evaluation.method, field, sheets, panel.lots.get(name, []))


def candidates(running: Running, contest: str) -> list[str]:
    """The codes of those who have not withdrawn, in the roll's order."""
    (found,) = (one for one in running.roll.contests if one.id == contest)
    return [one.code for one in found.candidates if not one.withdrawn]


def document(running: Running, standings: Mapping[str, Any], panel: Panel) -> dict[str, Any] | None:
    """The evaluation as JSON values (docs/evaluation.md), None if the campaign has none."""
    return document_of(running, contests(running, standings, panel))


def document_of(running: Running, found: Mapping[str, Contest]) -> dict[str, Any] | None:
    """The same of these contests."""
    evaluation = running.campaign.evaluation
    if evaluation is None:
        return None
    told = [evaluated.document(contest, _named(running, name)) for name, contest in found.items()]
    return {
        "format": "televote-evaluation/1",
        "campaign": running.id,
        "rules_sha256": running.campaign.rules_hash,
        "method": evaluation.model_dump(mode="json", exclude={"contests"}),
        "complete": all(one["complete"] for one in told),
        "contests": told,
    }


def _named(running: Running, contest: str) -> Named:
    evaluation = running.campaign.evaluation
    assert evaluation is not None
    return Named(
        {one.code: one.name for one in running.campaign.contests_by_id[contest].candidates},
        {one.id: one.name for one in evaluation.contests[contest].criteria},
    )


def in_the_open(running: Running, panel: Panel, contest: str) -> bool:
    """Whether anybody may see what the others have given."""
    evaluation = running.campaign.evaluation
    assert evaluation is not None
    return not evaluation.blind or len(panel.judges(contest)) >= evaluation.judges


def shortlist(standings: Mapping[str, Any], weighed: Mapping[str, Any] | None) -> Shortlist:
    """Who is on the shortlist: by votes and panel where a panel judges, and nobody before all is in; else by
    votes alone."""
    by_votes = by_votes_alone(standings)
    listed, tied = dict(by_votes.listed), dict(by_votes.tied)
    for told in weighed["contests"] if weighed else ():
        listed[told["id"]] = tuple(row["code"] for row in told["rows"] if row["shortlisted"])
        tied.pop(told["id"], None)
        if told.get("undecided"):
            tied[told["id"]] = tuple(told["undecided"])
    return Shortlist(listed, tied)


def is_in(weighed: Mapping[str, Any] | None) -> bool:
    """Whether there is nothing to wait for: no panel, or every contest that it judges has its composites."""
    return weighed is None or all(told["rows"] for told in weighed["contests"])
