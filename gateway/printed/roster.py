"""The roster on a terminal."""

from rich.table import Table

from config.problems import Lang
from gateway.nominations.roster import Roster
from gateway.printed.out import OUT


def table(roster: Roster, lang: Lang) -> None:
    """The approved of each contest, in the order of their codes."""
    for contest, approved in roster.items():
        shown = Table(title=f"{contest}: {len(approved)}", title_justify="left", box=None)
        for zh, en in (("编码", "code"), ("按键", "keys"), ("名称", "name"), ("单位", "unit")):
            shown.add_column(zh if lang == "zh" else en)
        for one in approved:
            shown.add_row(one.code, one.keypad, one.name, one.unit)
        OUT.print(shown)
