"""What is printed and handed out: `sheet`, `report`, and `sample-audit`."""

import json
from pathlib import Path
from typing import Any

import click

from config.load import Loaded
from config.spreadsheet.faults import Faulty
from gateway import clock, entrances
from gateway.checking import audit
from gateway.commands.base import Chosen, Failed, Target, Wrong, progress, run, televote
from gateway.pdf import NoPdf
from gateway.printed import outside as printed
from gateway.printed.out import say
from gateway.reporting import batches, collect, press, report
from gateway.reporting.report import SIZES, NotYet, Options, ReportKind, Size
from gateway.reporting.result import Result
from gateway.spreadsheet import reading
from gateway.storage.store import Unavailable
from tally import export, sampling


@televote.command()
@click.argument("campaign", required=False)
@click.option("--format", "suffix", type=click.Choice(["html", "pdf"]), help="Else as the file is called.")
@click.option("--size", type=click.Choice(SIZES), default="a4", show_default=True, help="A3 is for a poster.")
@click.option("--into", type=Target(), required=True, help="The file.")
@click.pass_obj
def sheet(chosen: Chosen, campaign: str | None, suffix: str | None, size: Size, into: Path) -> None:
    """The sheet that tells the public how to vote, made from the rules that votes are judged by."""
    loaded = chosen.load()
    kind = report.kinds()["howto"]
    _made(chosen, loaded, chosen.campaign(loaded, campaign), kind, size, into, _format(kind, suffix, into))


@televote.command("report")
@click.argument("words", nargs=-1, metavar="[CAMPAIGN] [KIND]")
@click.option("--format", "suffix", help="Else as the file is called.")
@click.option("--size", type=click.Choice(SIZES), default="a4", show_default=True, help="Of the paper.")
@click.option("--into", type=Target(), help="The file.")
@click.option("--json", "as_json", is_flag=True, help="With no KIND: the list as JSON.")
@click.pass_obj
def make_report(
    chosen: Chosen, words: tuple[str, ...], suffix: str | None, size: Size, into: Path | None, as_json: bool
) -> None:
    """Write the report KIND into a file, after a recount; without a KIND, list the reports."""
    kinds = report.kinds()
    if not words:
        _list(kinds, chosen, as_json=as_json)
        return
    *before, name = words
    if len(before) > 1:
        raise click.UsageError("name a campaign and a report, or the report alone")
    if name not in kinds:
        raise Wrong(f"there is no report {name}: there are {', '.join(kinds)}")
    if into is None:
        raise click.UsageError("--into FILE is missing: where the report goes")
    loaded, kind = chosen.load(), kinds[name]
    campaign = chosen.campaign(loaded, before[0] if before else None)
    _made(chosen, loaded, campaign, kind, size, into, _format(kind, suffix, into))


def _list(kinds: dict[str, ReportKind], chosen: Chosen, *, as_json: bool) -> None:
    if as_json:
        rows = [
            {"kind": one.kind, "formats": list(one.formats), "audience": one.audience, **_told(one)}
            for one in kinds.values()
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        printed.reports(list(kinds.values()), chosen.lang)


def _told(kind: ReportKind) -> dict[str, Any]:
    return {"title": kind.title._asdict(), "about": kind.about._asdict()}


def _format(kind: ReportKind, suffix: str | None, into: Path) -> str:
    """The format that is asked for, or as the file is called. Raises `Wrong`."""
    wanted = suffix or into.suffix.removeprefix(".").lower()
    if wanted not in kind.formats:
        raise Wrong(
            f"--into {into}: {kind.kind} is written as {' or '.join(kind.formats)}: call the file so, "
            "or say it by --format"
        )
    return wanted


def _made(
    chosen: Chosen, loaded: Loaded, campaign: str, kind: ReportKind, size: Size, into: Path, suffix: str
) -> None:
    """Make a report; what stands in its way ends in one line."""
    options = Options(chosen.lang, size)
    try:
        run(_make(loaded, campaign, kind, options, into, suffix))
    except (NotYet, NoPdf) as error:
        raise Failed(error.said.by(chosen.lang)) from None
    click.echo(str(into))


async def _make(
    loaded: Loaded, campaign: str, kind: ReportKind, options: Options, into: Path, suffix: str
) -> None:
    font = loaded.settings.pdf_font or ""
    if kind.before:
        await press.write(kind, await _rules(loaded, campaign), options, into, suffix, font)
        return
    async with audit.open_ledger(loaded, campaign) as ledger:
        with progress("report", ledger.entries) as at:
            async with collect.collected(ledger, at) as result:
                await press.write(kind, result, options, into, suffix, font)


async def _rules(loaded: Loaded, campaign: str) -> Result:
    """The campaign as it stands: what acts have changed is taken up, if there is a ledger yet."""
    try:
        async with audit.open_ledger(loaded, campaign) as ledger:
            await ledger.follow()
            return collect.before(ledger.running, clock.now_ms())
    except (Unavailable, audit.Unfit):
        return collect.before(entrances.run_campaigns(loaded)[campaign], clock.now_ms())


@televote.command("sample-audit")
@click.argument("campaign", required=False)
@click.option(
    "--manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Arlo's columns: the report arlo, its numbers replaced by the providers' own.",
)
@click.option("--seed", required=True, help="Made in public once the manifest is fixed, as by dice.")
@click.option("--ballots", type=click.IntRange(1, 100_000), required=True, help="How many to draw.")
@click.option("--into", type=Target(), required=True, help="The CSV file.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def sample_audit(
    chosen: Chosen,
    campaign: str | None,
    manifest: Path,
    seed: str,
    ballots: int,
    into: Path,
    as_json: bool,
) -> None:
    """Draw messages for a hand audit from a public seed, and find their records. For an auditor alone.

    A drawn message without a record is to be counted as the worst error there can be.
    """
    loaded = chosen.load()
    try:
        drawn = list(sampling.draw(_manifest(manifest), seed, ballots))
    except sampling.BadManifest as error:
        raise Wrong(f"{manifest}: {say(chosen.lang, error.zh, error.en)}") from None
    except Faulty as faulty:
        raise Wrong("\n".join(f"{manifest}: {said}" for said in faulty.said(chosen.lang))) from None
    missing = run(_look_up(loaded, chosen.campaign(loaded, campaign), drawn, into))
    if as_json:
        told = {"file": str(into), "drawn": ballots, "missing": missing}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{into}: {ballots} drawn, {missing} without a record")


def _manifest(file: Path) -> list[sampling.Batch]:
    """The first sheet's batches. Raises `Faulty`, `sampling.BadManifest`."""
    sheets = reading.read(file.read_bytes())
    return sampling.read_manifest((row.number, row.cells) for row in (sheets[0].rows if sheets else ()))


async def _look_up(loaded: Loaded, campaign: str, drawn: list[sampling.Draw], into: Path) -> int:
    async with audit.open_ledger(loaded, campaign) as ledger:
        with progress("sample-audit", ledger.entries) as at:
            async with collect.collected(ledger, at) as result:
                rows = list(batches.looked_up(result, drawn))
    press.into(into, export.to_csv([batches.HEADER, *rows]), "auditor")
    return sum(row[5] != "found" for row in rows)
