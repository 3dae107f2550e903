"""Reads edited copies of a small campaign file, and gives the problems as the lines that a person sees."""

from pathlib import Path

from config import load
from config.problems import Lang, Problem, Problems

DATA = Path(__file__).parents[1] / "data" / "config"
SMALL = (DATA / "small.toml").read_text(encoding="utf-8")
#: The line of it that names who holds the vote.
ORGANISER = next(line for line in SMALL.splitlines() if line.startswith("organiser"))


def edited(*edits: tuple[str, str], text: str = SMALL) -> str:
    """The text with each first part replaced, once, by its second; it must be there."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def campaign_problems(folder: Path, text: str, lang: Lang = "en") -> list[str]:
    """All that is said of a campaign file, warnings too, without the folder's name."""
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    found: list[Problem] = []
    try:
        load.campaign(path, found)
    except Problems as problems:
        return plain(problems.problems, folder, lang)
    return plain(found, folder, lang)


def plain(problems: tuple[Problem, ...] | list[Problem], folder: Path, lang: Lang = "en") -> list[str]:
    """The problems as lines, without the folder's name."""
    return [problem.render(lang).replace(f"{folder}/", "") for problem in problems]
