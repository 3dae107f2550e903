"""The votes that are sent: as Twilio's signed forms, as Aliyun's arrays, as rows of a hotline's log.

Every vote is from a line never heard before and names one candidate of the sample campaign.
"""

import base64
import csv
import hashlib
import hmac
import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote_plus

ARRAY: Final = 500  # messages of one Aliyun push
ACCOUNT_SID: Final = "AC" + hashlib.sha256(b"bench").hexdigest()[:32]
PUBLIC_URL: Final = "https://vote.example.org/in/twilio"

CODES: Final = [f"A{n:02d}" for n in range(1, 13)] + [f"B{n:02d}" for n in range(1, 21)]
KEYS: Final = [str(n) for n in range(101, 113)] + [str(n) for n in range(201, 221)]

#: A form as Twilio sends it, in its order; what changes from vote to vote is in braces.
_FORM: Final = {
    "ToCountry": "US",
    "ToState": "District Of Columbia",
    "SmsMessageSid": "{sid}",
    "NumMedia": "0",
    "ToCity": "",
    "FromZip": "",
    "SmsSid": "{sid}",
    "FromState": "",
    "SmsStatus": "received",
    "FromCity": "",
    "Body": "{text}",
    "FromCountry": "CN",
    "To": "+12028831111",
    "MessagingServiceSid": "MG" + hashlib.sha256(b"service").hexdigest()[:32],
    "ToZip": "",
    "NumSegments": "1",
    "MessageSid": "{sid}",
    "AccountSid": ACCOUNT_SID,
    "From": "+{line}",
    "ApiVersion": "2010-04-01",
}
_BODY: Final = "&".join(f"{name}={quote_plus(value, safe='{}')}" for name, value in _FORM.items())
_SIGNED: Final = PUBLIC_URL + "".join(name + _FORM[name] for name in sorted(_FORM))
_TWILIO: Final = (
    "POST /in/twilio HTTP/1.1\r\nHost: vote.example.org\r\nUser-Agent: TwilioProxy/1.1\r\n"
    "Content-Length: {length}\r\nAccept: */*\r\n"
    "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
    "I-Twilio-Idempotency-Token: {token}\r\nX-Home-Region: us1\r\nX-Twilio-Signature: {signature}\r\n\r\n"
)
_MESSAGE: Final = (
    '{{"phone_number":"{line}","content":"{text}","send_time":"{at}",'
    '"dest_code":"1234","sequence_id":"{number}","sign_name":"最美服务"}}'
)
_ALIYUN: Final = (
    "POST /in/aliyun/{token} HTTP/1.1\r\nHost: vote.example.org\r\nUser-Agent: Aliyun-SmsUp\r\n"
    "Content-Type: application/json;charset=UTF-8\r\nContent-Length: {length}\r\n\r\n"
)


def line(number: int) -> str:
    """A mainland mobile for each number below 10**9, no two alike, in no order."""
    return f"13{number * 7_368_787 % 1_000_000_000:09d}"


class Requests:
    """Builds requests, ready to be sent. No two of them have a vote in common; callers are numbered from
    `first` on."""

    def __init__(self, auth_token: str, path_token: str, first: int = 1) -> None:
        self._key, self._path_token = auth_token.encode(), path_token
        self._numbers = itertools.count(first)

    def twilio(self, count: int) -> list[bytes]:
        """Signed forms of one vote each."""
        return [self._twilio(number) for number in itertools.islice(self._numbers, count)]

    def aliyun(self, count: int, at: datetime) -> list[bytes]:
        """Arrays of `ARRAY` votes each, sent at `at`."""
        return [self._aliyun(f"{at:%Y-%m-%d %H:%M:%S}") for _ in range(count)]

    def _twilio(self, number: int) -> bytes:
        digest = hashlib.blake2b(number.to_bytes(8), digest_size=16).hexdigest()
        vote = {"sid": f"SM{digest}", "text": CODES[number % len(CODES)], "line": f"86{line(number)}"}
        signature = hmac.digest(self._key, _SIGNED.format_map(vote).encode(), "sha1")
        body = _BODY.format_map(vote)
        head = _TWILIO.format(
            length=len(body), token=digest, signature=base64.b64encode(signature).decode("ascii")
        )
        return (head + body).encode("ascii")

    def _aliyun(self, at: str) -> bytes:
        numbers = itertools.islice(self._numbers, ARRAY)
        messages = (
            _MESSAGE.format(line=line(number), text=CODES[number % len(CODES)], at=at, number=number)
            for number in numbers
        )
        body = f"[{','.join(messages)}]".encode()
        return _ALIYUN.format(token=self._path_token, length=len(body)).encode() + body


def write_log(path: Path, rows: int, first: datetime, last: datetime) -> None:
    """A hotline's log of `rows` calls between two times, as CSV. It does not say in which zone."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["uniqueid", "src", "dst", "start", "duration", "digits"])
        writer.writerows(_calls(rows, first, (last - first) / rows))


def _calls(rows: int, first: datetime, apart: timedelta) -> Iterator[tuple[object, ...]]:
    for number in range(rows):
        at = f"{first + number * apart:%Y-%m-%d %H:%M:%S}"
        duration, keys = 5 + number % 40, KEYS[number % len(KEYS)]
        yield f"pbx1-{number:09d}", line(number), "5169909", at, duration, keys
