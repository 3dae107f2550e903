"""Whatever stands in a file, reading it ends in a value or in problems that can be shown."""

import tomllib
from datetime import UTC, date, datetime, time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from config import environment
from config.campaign import Campaign
from config.problems import Place, Where, from_validation
from config.settings import Settings
from tests.config.reading import SMALL

WHERE = Where({(): Place("any.toml", 1)})
SETTINGS = {
    "listen": "127.0.0.1:80",
    "public_url": "https://example.org",
    "trusted_proxies": ["10.0.0.1"],
    "api": {"token": "0123456789abcdef"},
    "limits": {"body_bytes": 1, "read_seconds": 1.0},
    "storage": {"url": "sqlite:x", "synchronous": "FULL"},
    "sources": {
        "sms": {"kind": "x", "campaign": "x", "allow_from": ["::1"], "timezone": "UTC", "region": "CN"}
    },
}
SCALARS = (
    st.text(max_size=8)
    | st.text("0123456789abc./:-+ ", max_size=12)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.sampled_from([date(2018, 7, 9), time(8), datetime(2018, 7, 9, tzinfo=UTC), datetime(2018, 7, 9)])  # noqa: DTZ001  a file may say so
    | st.sampled_from(["\ud800", "Asia", "a\0b", "9" * 400, "０" * 5, "[::1", "http://[", "1/2/3", ""])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def changed(data: st.DataObject, values: Any) -> Any:
    """A deep copy in which some values are something else, or gone, and some keys are new."""
    fate = data.draw(st.integers(0, 12))
    if fate == 0:
        return data.draw(VALUES)
    if isinstance(values, dict):
        copy = {key: changed(data, value) for key, value in values.items() if data.draw(st.integers(0, 15))}
        return (
            {**copy, **data.draw(st.dictionaries(st.text(max_size=5), VALUES, max_size=1))}
            if fate == 1
            else copy
        )
    if isinstance(values, list):
        return [changed(data, value) for value in values] + ([data.draw(VALUES)] if fate == 1 else [])
    return values


def show(model: type[Campaign] | type[Settings], values: Any) -> None:
    """Validates, and renders whatever is wrong."""
    try:
        valid = model.model_validate(
            values, context={"timezone": values.get("timezone")} if isinstance(values, dict) else None
        )
    except ValidationError as error:
        problems = from_validation(error, WHERE, model=model)
        assert problems
        assert all(problem.render("en") and problem.render("zh") for problem in problems)
        return
    assert repr(valid)
    if isinstance(valid, Campaign):
        assert len(valid.rules_hash) == 64
        assert valid.codebook is not None
        assert valid.settled_ms


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_campaign(data: st.DataObject) -> None:
    show(Campaign, changed(data, tomllib.loads(SMALL)))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_settings(data: st.DataObject) -> None:
    show(Settings, changed(data, SETTINGS))


NAMES = st.lists(
    st.sampled_from(
        ["API", "TOKEN", "SOURCES", "SMS", "KIND", "OPTIONS", "LISTEN", "LIMITS", "", "X", "TRUSTED_PROXIES"]
    ),
    min_size=1,
    max_size=4,
).map(lambda parts: "TELEVOTE_" + "__".join(parts))


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(NAMES, st.text('[]{}":,a1 ', max_size=8), max_size=4))
def test_any_environment(environ: dict[str, str]) -> None:
    values = environment.read(environ)
    assert all(isinstance(name, str) for name, _ in environment.unused(environ, values))
    show(Settings, environment.overlay(SETTINGS, values))
