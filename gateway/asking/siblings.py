"""The metrics of all workers of one machine in one view: whichever is asked asks the others."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from config.settings import Settings
from gateway.asking import calling
from gateway.asking.calling import NotServing

#: Prometheus itself waits for ten.
_SECONDS: Final = 3.0


async def expositions(settings: Settings, names: Iterable[str]) -> dict[str, str | None]:
    """What each of these workers tells; None of one that does not answer."""

    async def told(node: str) -> str | None:
        path = calling.socket(settings.model_copy(update={"node": node}))
        try:
            async with calling.connect_to(path, _SECONDS) as client:
                return await client.metrics()
        except NotServing:
            return None

    asked = list(names)
    return dict(zip(asked, await asyncio.gather(*map(told, asked)), strict=True))


def joined(told: Mapping[str, str | None]) -> bytes:
    """Expositions by node as one, in which each series has the node for a label.

    >>> print(joined({"n1": "# HELP a A.\\n# TYPE a gauge\\na 1.0\\n", "n2": None}).decode())
    # HELP televote_node_up 1 if the worker answers.
    # TYPE televote_node_up gauge
    televote_node_up{node="n1"} 1.0
    televote_node_up{node="n2"} 0.0
    # HELP a A.
    # TYPE a gauge
    a{node="n1"} 1.0
    <BLANKLINE>
    """
    up = GaugeMetricFamily("televote_node_up", "1 if the worker answers.", labels=["node"])
    families: dict[str, Metric] = {}
    for node, text in told.items():
        up.add_metric([node], text is not None)
        for family in text_string_to_metric_families(text or ""):
            one = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                one.add_sample(sample.name, {**sample.labels, "node": node}, sample.value)
    return generate_latest(_All([up, *families.values()]))


class _All(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families
