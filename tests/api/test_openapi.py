"""The documented paths are the paths there are."""

import re
from pathlib import Path

from aiohttp import web

from gateway import api
from gateway.pages import public
from tests.pages import boards

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.yaml"
#: Of other parts of the gateway.
ELSEWHERE = ("/in/", "/receipt", "/healthz", "/readyz", "/metrics")


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
    assert {one for one in documented() if not one[1].startswith(ELSEWHERE)} == routes


def test_the_rest_is_documented() -> None:
    assert {one for one in documented() if one[1].startswith(ELSEWHERE)} == {
        ("GET", "/in/{source}"),
        ("POST", "/in/{source}"),
        ("GET", "/in/{source}/{token}"),
        ("POST", "/in/{source}/{token}"),
        ("GET", "/receipt"),
        ("GET", "/receipt/{code}"),
        ("GET", "/receipt/{code}/proof"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
    }


def test_every_reference_leads_somewhere() -> None:
    text = DOCUMENT.read_text("utf-8")
    components = text.partition("\ncomponents:\n")[2]
    for kind, name in re.findall(r"#/components/(\w+)/(\w+)", text):
        section = components[components.index(f"  {kind}:\n") :]
        assert f"\n    {name}:" in section, f"{kind}/{name}"
