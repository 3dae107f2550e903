"""A picture of queues over time, to be read on a telephone: SVG, without a script, in few colours."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_WIDTH, _HEIGHT = 390, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 40, 44
_COLOURS: Final = ("#1b7f5c", "#b35c00", "#a3173a")
_DASHES: Final = ("", "6 3", "2 2")
#: Seconds before and after the close that are shown.
_BEFORE, _AFTER = 60, 120


def svg(queues: Sequence[tuple[str, Mapping[int, int]]], close_s: float, limit: int) -> str:
    """The longest queue in each second, around the close, on a scale of powers of ten.

    `queues` are named, three at most, by second; `limit` is how many may wait.
    """
    return "\n".join(_parts(queues, int(close_s), limit)) + "\n"


def _parts(queues: Sequence[tuple[str, Mapping[int, int]]], close: int, limit: int) -> Iterator[str]:
    decades = math.ceil(math.log10(limit)) + 1
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="t" font-family="sans-serif" font-size="12" fill="#222">'
    )
    yield '<title id="t">How many messages wait around the close, at three loads</title>'
    yield f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
    for power in range(decades):
        y = _y(10**power, decades)
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{10**power:,}</text>'
    y = _y(limit, decades)
    right = _WIDTH - _RIGHT
    yield f'<line x1="{_LEFT}" x2="{right}" y1="{y}" y2="{y}" stroke="#222" stroke-dasharray="1 3"/>'
    yield f'<text x="{_LEFT + 4}" y="{y - 4}">beyond: 503</text>'
    x = _x(0)
    yield f'<line x1="{x}" x2="{x}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="#222"/>'
    for second in (-_BEFORE, 0, 60, _AFTER):
        said = f"{second:+d} s" if second else "close"
        anchor = {-_BEFORE: "start", _AFTER: "end"}.get(second, "middle")
        yield f'<text x="{_x(second)}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="{anchor}">{said}</text>'
    middle = _WIDTH / 2
    yield f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">messages that wait, by second</text>'
    for at, (name, queued) in enumerate(queues):
        style = f'stroke="{_COLOURS[at]}" stroke-dasharray="{_DASHES[at]}" stroke-width="2" fill="none"'
        points = " ".join(
            f"{_x(second)},{_y(max(1, queued.get(close + second, 0)), decades)}"
            for second in range(-_BEFORE, _AFTER + 1)
        )
        yield f'<polyline points="{points}" {style}/>'
        left = _LEFT + at * 100
        yield f'<line x1="{left}" x2="{left + 28}" y1="20" y2="20" {style}/>'
        yield f'<text x="{left + 34}" y="24">{name}</text>'
    yield "</svg>"


def _x(second: int) -> float:
    return round(_LEFT + (second + _BEFORE) / (_BEFORE + _AFTER) * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(queued: int, decades: int) -> float:
    return round(_HEIGHT - _BOTTOM - math.log10(queued) / decades * (_HEIGHT - _TOP - _BOTTOM), 1)
