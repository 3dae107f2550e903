"""The votes of the benchmark are what the providers send, and no two are from one line."""

import csv
import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import PhoneNumberType
from twilio.request_validator import RequestValidator

from bench import votes

NOON = datetime(2018, 7, 9, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


def _split(request: bytes) -> tuple[dict[str, str], str]:
    head, _, body = request.decode().partition("\r\n\r\n")
    return dict(line.split(": ", 1) for line in head.split("\r\n")[1:]), body


def test_twilio_would_sign_so() -> None:
    for request in votes.Requests("token", "path").twilio(40):
        headers, body = _split(request)
        form = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))

        assert len(form) == 20
        assert len(body) == int(headers["Content-Length"])
        assert RequestValidator("token").validate(votes.PUBLIC_URL, form, headers["X-Twilio-Signature"])


def test_an_array_holds_five_hundred_votes() -> None:
    first, second = votes.Requests("token", "path").aliyun(2, NOON)
    headers, body = _split(first)
    messages = json.loads(body) + json.loads(_split(second)[1])

    assert len(body.encode()) == int(headers["Content-Length"])
    assert len(messages) == 2 * votes.ARRAY
    for key in ("phone_number", "sequence_id"):
        assert len({message[key] for message in messages}) == len(messages)
    assert {message["content"] for message in messages} == set(votes.CODES)


def test_lines_are_valid_mobiles_and_never_twice() -> None:
    lines = [votes.line(number) for number in range(0, 1_000_000_000, 100_003)]

    assert len(set(lines)) == len(lines)
    for line in lines[:2000]:
        parsed = phonenumbers.parse(line, "CN")
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.number_type(parsed) == PhoneNumberType.MOBILE


def test_a_log_has_a_call_in_each_row(tmp_path: Path) -> None:
    votes.write_log(tmp_path / "calls.csv", 1000, NOON, NOON.replace(hour=13))
    with (tmp_path / "calls.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert len({row["src"] for row in rows}) == len({row["uniqueid"] for row in rows}) == 1000
    assert {row["digits"] for row in rows} == set(votes.KEYS)
    starts = [row["start"] for row in rows]
    assert starts[0] == "2018-07-09 12:00:00"
    assert all(earlier <= later < "2018-07-09 13" for earlier, later in pairwise(starts))
