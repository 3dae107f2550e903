"""`televote reconcile`: the text, the same as JSON, exit codes, and a large statement in little room."""

import asyncio
import resource
from pathlib import Path

from tests.cli.commands import call
from tests.conftest import House
from tests.reconcile.statements import HEADER, csv, voted


async def test_the_command_lists_what_differs(house: House, tmp_path: Path) -> None:
    async with house.serve() as visitor:
        lines = await voted(visitor)
        file, other = tmp_path / "statement.csv", tmp_path / "other.csv"
        file.write_bytes(csv(lines))
        same = await asyncio.to_thread(call, "reconcile", "--source", "sim", file, settings=house.settings)
        assert same.code == 0, same.err
        assert "message by message" in same.out
        file.write_bytes(csv(lines[:6]))
        other.write_bytes(csv([*lines[7:], ("n1", "13900001111", lines[3][2], "A01")]))
        words = ("reconcile", "--source", "sim", file, other)
        told = await asyncio.to_thread(call, *words, "--json", settings=house.settings)
        assert told.code == 1
        values = told.json()
        figures = [values[name] for name in ("rows", "recorded", "matched", "missing", "extra")]
        assert figures == [12, 12, 11, 1, 1]
        missing, extra = values["findings"]
        assert (missing["number"], missing["row"]) == ("139****1111", "other.csv:7")
        assert missing["reason"] == "not_delivered"
        assert (extra["number"], extra["node"], extra["reason"]) == ("138****5607", "n1", "not_in_statement")
        assert "13900001111" not in told.out + told.err
        shown = await asyncio.to_thread(call, *words, settings=house.settings, lang="zh")
        assert shown.code == 1
        assert "我方缺少" in shown.out
        assert "139****1111" in shown.out
        assert "13900001111" not in shown.out
        before = len(await visitor.service.store.acts("beita-2018"))
        assert before == 2, "nothing was recorded"


async def test_what_is_wrong_is_said(house: House, tmp_path: Path) -> None:
    async with house.serve() as visitor:
        await voted(visitor, 1)
    file = tmp_path / "statement.csv"
    file.write_text(f"{HEADER}\nk1,13812345601,gestern,A01\n", "utf-8")
    bad = await asyncio.to_thread(call, "reconcile", "--source", "sim", file, settings=house.settings)
    assert (bad.code, "statement.csv!C2: “时间” is not a time" in bad.err) == (2, True)
    other = tmp_path / "other.xlsx"
    other.write_bytes(b"PK\x03\x04")
    words = ("reconcile", "--source", "sim", other)
    for lang, said in (("en", "other.xlsx: is damaged"), ("zh", "other.xlsx: 已损坏或不完整 — 请打开后")):
        bad = await asyncio.to_thread(call, *words, settings=house.settings, lang=lang)
        assert (bad.code, said in bad.err) == (2, True)
    unknown = await asyncio.to_thread(call, "reconcile", "--source", "sin", file, settings=house.settings)
    assert (unknown.code, "no source is named sin" in unknown.err) == (2, True)


async def test_a_statement_is_read_as_a_stream(house: House, tmp_path: Path) -> None:
    """Two hundred thousand rows of a list that is one message over and over: nothing is kept of a partner."""
    from gateway.reconcile.statement import File, Statement

    file = tmp_path / "statement.csv"
    with file.open("w", encoding="utf-8") as rows:
        rows.write(f"{HEADER}\n")
        rows.writelines(f"k{n},138{n:08},2018-07-09 09:00:00,A01\n" for n in range(200_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in Statement([File(file, "s")], "Asia/Shanghai").messages()) == 200_000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000, "kilobytes"
