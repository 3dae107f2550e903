"""Do all ids resolve? NIST's schemas do not check it: they only say what kinds of thing an id may be of."""

from collections import Counter
from collections.abc import Iterator
from typing import Any


def faults(report: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Ids that stand twice, lead nowhere, or lead to another kind of thing than the schema allows."""
    found = list(_things(report))
    kinds = dict(found)
    twice = [f"{name} stands {n} times" for name, n in Counter(name for name, _ in found).items() if n > 1]
    broken = [
        f"{kind}.{key}: {name} is {kinds.get(name, 'nowhere')}"
        for kind, key, name, allowed in _references(report, schema["definitions"])
        if kinds.get(name) not in allowed
    ]
    return twice + broken


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _nodes(one)
    elif isinstance(value, list):
        for one in value:
            yield from _nodes(one)


def _things(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    return ((node["@id"], node["@type"]) for node in _nodes(report) if "@id" in node)


def _references(
    report: dict[str, Any], definitions: dict[str, Any]
) -> Iterator[tuple[str, str, str, list[str]]]:
    for node in _nodes(report):
        for key, rule in definitions[node["@type"]]["properties"].items():
            allowed = rule.get("refTypes") or rule.get("items", {}).get("refTypes")
            if allowed and key in node:
                names = node[key] if isinstance(node[key], list) else [node[key]]
                yield from ((node["@type"], key, name, allowed) for name in names)
