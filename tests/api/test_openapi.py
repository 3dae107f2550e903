"""The documented paths are the paths there are."""

import re
from pathlib import Path

from aiohttp import web

from gateway import api
from gateway.pages import public
from tests.pages import boards
from tests.pages.access import ROWS

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.yaml"
#: Where sources send what they have. What is for everybody is in the table of all pages.
INTAKE = {(method, path) for method in ("GET", "POST") for path in ("/in/{source}", "/in/{source}/{token}")}
#: For people at a browser alone, and as pages told apart by cookies.
FOR_PEOPLE = ("/signin", "/welcome/")


def documented() -> set[tuple[str, str]]:
    """Method and path of every operation. The file is laid out so that lines tell them apart."""
    section = DOCUMENT.read_text("utf-8").partition("\npaths:\n")[2].partition("\ncomponents:\n")[0]
    found, path = set(), ""
    for line in section.splitlines():
        if match := re.fullmatch(r"  (/\S*):", line):
            path = match[1]
        elif match := re.fullmatch(r"    (get|post|put|delete|patch|head|options):", line):
            found.add((match[1].upper(), path))
    return found


def offered(routes: list[web.RouteDef]) -> set[tuple[str, str]]:
    """Method and path of every route."""
    return {(route.method, route.path) for route in routes}


def test_every_route_is_documented_and_no_other() -> None:
    board = boards.stage(votes={}).board
    routes = offered([*api.routes(board, boards.TOKEN), *public.routes(board)])
    rest = [tuple(route.split(" ")) for route, access in ROWS.items() if access == "public"]
    public_ones = {(method, path) for method, path in rest if not path.startswith(FOR_PEOPLE)}
    assert documented() == routes | public_ones | INTAKE | {("GET", "/metrics")}


def test_every_reference_leads_somewhere() -> None:
    text = DOCUMENT.read_text("utf-8")
    components = text.partition("\ncomponents:\n")[2]
    for kind, name in re.findall(r"#/components/(\w+)/(\w+)", text):
        section = components[components.index(f"  {kind}:\n") :]
        assert f"\n    {name}:" in section, f"{kind}/{name}"
