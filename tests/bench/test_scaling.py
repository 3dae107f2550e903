"""`docs/scaling.md` is what its own table of inputs gives."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import scaling

PAGE = Path(__file__).parents[2] / scaling.PAGE


def write(page: Path) -> str:
    (page.parent / "img").mkdir(exist_ok=True)
    said = CliRunner().invoke(scaling.main, ["--write", str(page)])
    return said.output


def test_the_page_and_its_picture_are_what_the_command_writes(tmp_path: Path) -> None:
    page = tmp_path / "scaling.md"
    page.write_bytes(PAGE.read_bytes())
    assert write(page) == ""
    assert page.read_bytes() == PAGE.read_bytes()
    assert (tmp_path / scaling.PICTURE).read_bytes() == (PAGE.parent / scaling.PICTURE).read_bytes()


def test_another_input_gives_another_page(tmp_path: Path) -> None:
    page, text = tmp_path / "scaling.md", PAGE.read_text("utf-8")
    given = scaling.inputs(text)
    row = next(line for line in text.splitlines() if line.startswith("| `vote_us` |"))
    page.write_text(text.replace(row, f"| `vote_us` | {given['vote_us'] * 2:g} | µs | twice |"), "utf-8")
    write(page)
    assert f"{1e6 / given['vote_us'] / 2:,.0f} |" in page.read_text("utf-8")


@pytest.mark.parametrize("gone", ["| `queue` |", "<!-- made: needs -->"])
def test_what_is_missing_is_named(tmp_path: Path, gone: str) -> None:
    page = tmp_path / "scaling.md"
    page.write_text(PAGE.read_text("utf-8").replace(gone, "gone"), "utf-8")
    assert "lacks" in write(page)


def test_every_rate_has_what_it_needs() -> None:
    given = scaling.inputs(PAGE.read_text("utf-8"))
    needs = [scaling.need(rate, given) for rate in scaling.RATES]
    for one in needs:
        node_us = given["pg_node_us"] if one.shards else given["vote_us"]
        assert one.rate * node_us / 1e6 / one.processes <= 0.7
        assert (
            one.shards == 0 or one.rate * given["rows_per_vote"] / one.shards <= 0.7 * given["pg_rows_per_s"]
        )
    assert needs[0].shards == 0, "the best published rate needs one process"


def test_the_picture_is_wide_enough_for_a_telephone() -> None:
    picture = ET.parse(PAGE.parent / scaling.PICTURE).getroot()
    width = float(picture.get("viewBox", "").split()[2])
    size = float(picture.get("font-size", "0"))
    assert size * 390 / width >= 11
    assert len(picture.findall("{*}polyline")) == len(scaling.LOADS)
