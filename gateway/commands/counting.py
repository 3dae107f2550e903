"""The count and the ledger: `standings`, `evaluate`, `close`, `erase`, `verify`, `recount`, `export`."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import click

from config.load import Loaded
from config.spreadsheet.faults import Faulty
from gateway import clock, durable, service
from gateway.anomalies.searching import search
from gateway.asking import calling, control
from gateway.checking import audit, judging
from gateway.commands.base import Chosen, Failed, Target, Wrong, is_held, progress, run, televote
from gateway.exporting import exporter
from gateway.panel import evaluating, marking, scoring
from gateway.printed import counting as printed
from gateway.printed import evaluation as printed_evaluation
from gateway.printed.out import say
from gateway.reporting import collect
from gateway.reporting import folder as reporting
from gateway.reporting.report import Options
from gateway.spreadsheet import reading
from gateway.watching import board, watch
from tally.acts import REASONS

_jobs = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="the cores there are",
    help="How many processes check a long ledger; 1 is none but this one.",
)


@televote.command()
@click.argument("campaign", required=False)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def standings(chosen: Chosen, campaign: str | None, as_json: bool) -> None:
    """The count as it stands, with the balance."""
    loaded = chosen.load()
    current = run(audit.current(loaded, chosen.campaign(loaded, campaign), clock.now_ms()))
    if as_json:
        click.echo(json.dumps(current, ensure_ascii=False, indent=2))
    else:
        printed.standings(current, chosen.lang)
    if not current["balance"]["balanced"]:
        raise Failed(
            say(
                chosen.lang,
                "收支不平衡：请运行 televote recount",
                "the count does not balance: run `televote recount`",
            )
        )


@televote.command()
@click.argument("campaign", required=False)
@click.option(
    "--scores",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Points from this spreadsheet instead of the panel's: a score sheet with the column 评委 (judge).",
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def evaluate(chosen: Chosen, campaign: str | None, scores: Path | None, as_json: bool) -> None:
    """Votes and the panel's points weighed, step by step. Nothing is recorded."""
    loaded = chosen.load()
    name = chosen.campaign(loaded, campaign)
    try:
        told = run(_evaluate(loaded, name, None if scores is None else scores.read_bytes()))
    except Faulty as faulty:
        raise Wrong("\n".join(f"{scores}: {said}" for said in faulty.said(chosen.lang))) from None
    if told is None:
        raise Wrong(f"{name} has no [evaluation]: the public's votes decide")
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        printed_evaluation.table(told, chosen.lang)
    if not told["complete"]:
        raise Failed(
            say(
                chosen.lang,
                "综合评议未完成：评分未交齐，或须抽签",
                "the evaluation is not complete: points are missing, or a lot must be drawn",
            )
        )


async def _evaluate(loaded: Loaded, name: str, scores: bytes | None) -> dict[str, Any] | None:
    async with audit.open_ledger(loaded, name) as ledger:
        await ledger.follow()
        running = ledger.running
        recorded = await ledger.reader.acts(name)
        panel = evaluating.read(scoring.opened(running, recorded))
        if scores is not None and running.campaign.evaluation is not None:
            sheets = marking.of_all(reading.read(scores), running)
            panel = panel._replace(sheets=sheets)
        totals = await ledger.reader.totals(name)
        standings = board.as_they_stand(running, totals, clock.now_ms())
        return evaluating.document(running, standings, panel)


@televote.command()
@click.argument("campaign", required=False)
@click.option("--by", required=True, help="Who closes.")
@click.option("--reason", required=True, help="Why, for the ledger.")
@click.option("--now", is_flag=True, help="Close before the window and its grace are over.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def close(chosen: Chosen, campaign: str | None, by: str, reason: str, now: bool, as_json: bool) -> None:
    """Close a campaign. It closes by itself when the last channel's grace is over."""
    loaded = chosen.load()
    name = chosen.campaign(loaded, campaign)
    watch.log_to(level="warning")
    run(_close(loaded, name, by, reason, now))
    if as_json:
        click.echo(json.dumps({"campaign": name, "status": "closed"}, indent=2))
    else:
        click.echo(say(chosen.lang, f"{name} 已结束", f"{name} is closed"))


async def _close(loaded: Loaded, name: str, by: str, reason: str, now: bool) -> None:
    if is_held(loaded):
        async with calling.connect(loaded.settings) as client:
            await client.close(name, by, reason, now)
        return
    async with service.open_service(loaded, watch.Metrics()) as counting:
        await counting.schedule.close(counting.campaigns[name], by, reason, now)


@televote.command()
@click.argument("campaign", required=False)
@click.option("--number", help="Whose messages go. Asked for if not given: then no shell remembers it.")
@click.option("--everybody", is_flag=True, help="Everybody's messages go.")
@click.option("--by", required=True, help="Who erases.")
@click.option("--reason", required=True, type=click.Choice(REASONS["erase"]), help="Why, for the ledger.")
@click.option("--now", is_flag=True, help="Although the vote is not closed: they could vote again.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def erase(
    chosen: Chosen,
    campaign: str | None,
    number: str | None,
    everybody: bool,
    by: str,
    reason: str,
    now: bool,
    as_json: bool,
) -> None:
    """Destroy what a number has sent, or everybody. Totals, tree and receipts still hold."""
    loaded = chosen.load()
    name = chosen.campaign(loaded, campaign)
    if everybody and number:
        raise click.UsageError("--number and --everybody do not go together")
    whose = "" if everybody else number or click.prompt("Number", err=as_json)
    watch.log_to(level="warning")
    asked = {"campaign": name, "number": whose, "by": by, "reason": reason, "now": now}
    erased = run(_erase(loaded, asked))
    if as_json:
        click.echo(json.dumps({"campaign": name, "erased": erased}, indent=2))
    else:
        click.echo(
            say(chosen.lang, f"已删除 {name} 的 {erased} 条消息", f"erased: {erased} messages of {name}")
        )


async def _erase(loaded: Loaded, asked: dict[str, Any]) -> int:
    if is_held(loaded):
        async with calling.connect(loaded.settings) as client:
            return await client.erase(asked)
    async with service.open_service(loaded, watch.Metrics()) as counting:
        return await control.carry_out(counting, **asked)


@televote.command()
@click.argument("campaign", required=False)
@_jobs
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def verify(chosen: Chosen, campaign: str | None, jobs: int, as_json: bool) -> None:
    """Re-hash and open every entry of the ledger; name the first bad one."""
    loaded = chosen.load()
    checked, roots, unsigned = run(_verify(loaded, chosen.campaign(loaded, campaign), jobs))
    if as_json:
        click.echo(json.dumps({"entries": checked, "roots": roots}))
    else:
        printed.verified(checked, roots, unsigned, chosen.lang)


async def _verify(loaded: Loaded, name: str, jobs: int) -> tuple[int, dict[str, str], int]:
    async with audit.open_ledger(loaded, name) as ledger:
        with progress("verify", ledger.entries) as at:
            return await audit.verify(ledger, at, jobs), ledger.roots, ledger.unsigned


@televote.command()
@click.argument("campaign", required=False)
@_jobs
@click.option("--judge", "judges", is_flag=True, help="Judge every message and ruling again, too.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def recount(chosen: Chosen, campaign: str | None, jobs: int, judges: bool, as_json: bool) -> None:
    """Count again from the ledger alone, and compare with the totals that were kept."""
    loaded = chosen.load()
    counted, judged = run(_recount(loaded, chosen.campaign(loaded, campaign), jobs, judges=judges))
    if as_json:
        told = printed.recounted(counted)
        if judged:
            told["judged"] = printed.judged_as(judged)
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        printed.recount(counted, chosen.lang)
        if judged:
            printed.judged(judged, chosen.lang)
    if not counted.agrees:
        raise Failed(
            say(
                chosen.lang,
                "重新计票与保存的票数不一致",
                "the recount does not agree with what was kept",
            )
        )
    if judged and judged.otherwise:
        raise Failed(
            say(
                chosen.lang,
                "按规则判定与记录不同",
                "the rules give something else than is recorded",
            )
        )


async def _recount(
    loaded: Loaded, name: str, jobs: int, *, judges: bool
) -> tuple[audit.Recounted, judging.Judged | None]:
    async with audit.open_ledger(loaded, name) as ledger:
        with progress("recount", ledger.entries) as at:
            counted = await audit.recount(ledger, at, jobs=jobs)
        if not judges:
            return counted, None
        with progress("judge", ledger.entries) as at:
            return counted, await judging.judge(loaded, ledger, at)


@televote.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--campaign", help="The campaign, if there are several.")
@click.option(
    "--openings",
    type=Target(),
    help="Also write what every entry commits to into this file: whole numbers, texts, choices. For an "
    "auditor alone.",
)
@click.option(
    "--reports",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write the reports into this folder: televote report lists them.",
)
@click.option(
    "--anomalies",
    type=Target(),
    help="Also write what stands out among the votes into this file: see televote anomalies.",
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def export(
    chosen: Chosen,
    folder: Path,
    campaign: str | None,
    openings: Path | None,
    reports: Path | None,
    anomalies: Path | None,
    as_json: bool,
) -> None:
    """Write the result and its manifest into FOLDER, after a recount. Before the close it is provisional."""
    loaded = chosen.load()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        asked = _Asked(folder, openings, reports, anomalies, Options(chosen.lang))
        manifest = run(_export(loaded, chosen.campaign(loaded, campaign), asked))
    except exporter.Inside:
        raise Wrong(
            f"--openings {openings} is inside {folder}, which is given away: openings go elsewhere"
        ) from None
    if as_json:
        click.echo(json.dumps(manifest, ensure_ascii=False, indent=2))
    else:
        printed.manifest(folder, manifest, chosen.lang)


class _Asked(NamedTuple):
    """What is to be written where; None if nobody is to have it."""

    folder: Path
    openings: Path | None
    reports: Path | None
    anomalies: Path | None
    options: Options


async def _export(loaded: Loaded, name: str, asked: _Asked) -> dict[str, Any]:
    async with audit.open_ledger(loaded, name) as ledger:
        with progress("export", ledger.entries) as at:
            manifest = await exporter.export_to(asked.folder, ledger, at, asked.openings)
        if asked.reports is not None:
            with progress("reports", ledger.entries) as at:
                async with collect.collected(ledger, at) as result:
                    await reporting.fill(asked.reports, result, asked.options)
        if asked.anomalies is not None:
            with progress("anomalies", ledger.entries) as at:
                told = await search(ledger, loaded.settings.anomalies.segments, at)
            durable.keep(asked.anomalies, json.dumps(told, ensure_ascii=False))
        return manifest
