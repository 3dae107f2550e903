"""What is wrong with settings, and how to get in once it serves, on a terminal."""

from typing import Any, Final

import click

from config.load import Loaded
from config.problems import Problem
from gateway.asking.users import Link
from gateway.printed.people import say_role


def problem(one: Problem) -> dict[str, Any]:
    """A problem as JSON values, in both languages."""
    return {
        "file": one.file,
        "line": one.line,
        "key": one.key,
        "level": one.level,
        "wrong": one.wrong._asdict(),
        "right": one.right._asdict(),
    }


def greeting(loaded: Loaded, url: str, links: list[Link]) -> None:
    """Where to look at a served sample, how to cast a vote, and how to sign in."""
    people = "".join(
        f"    {say_role(link.role, 'en'):<14}{link.url}   {say_role(link.role, 'zh')} {link.name}\n"
        for link in links
    )
    token = loaded.settings.sources["sim"].token
    click.echo(f"""
  Televote serves the sample campaign.  示例投票已开始。

  The page  网页        {url}/
  Cast a vote  投一票   (paste; then change number and code 粘贴，再改号码和编号试试)

    curl "{url}/in/sim/{token.get_secret_value() if token else ""}?id=$(date +%s%N)&from=13812345678&text=A01"

  Sign in  登录         {url}/signin
{people and "    " + _LINKS_ARE}{people}
  Standings  票数       .venv/bin/televote standings
  Stop  停止            Ctrl-C
""")


_LINKS_ARE: Final = "(each works once; a browser of its own for each 每个链接用一次，每人一个浏览器)\n"


def first_link(link: str) -> None:
    """How the first administrator gets in."""
    click.echo(f"""
  Nobody can make accounts yet. Become the administrator with this link (48 hours, once):
  还没有管理员。请用此链接设置管理员密码（48 小时内有效，只能用一次）：

    {link}
""")
