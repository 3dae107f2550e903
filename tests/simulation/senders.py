"""Who sends: fakes of providers that write requests as the real ones do, and try again by their true rules.

Vonage: anything but 2xx, after 5 s doubling to 15 min, for 24 h. Dialpad-like: 5xx only, 10 tries. Twilio:
not after an answer of any kind. Standard Webhooks: its published schedule. Tencent: two more (unverified).
"""

import base64
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

from tests.simulation import campaigns

FORM = "application/x-www-form-urlencoded"


class Sent(NamedTuple):
    """One SMS at a provider: its id there ("" if that gives none), and when it was sent."""

    id: str
    caller: str
    text: str
    sent_ms: int


class Wire(NamedTuple):
    """One HTTP request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Sender:
    """One provider. `grain_ms` is how fine its times are, 0 if it gives none."""

    name: str
    grain_ms: int

    def waits(self) -> Iterator[float]:
        """Seconds before each further try."""
        raise NotImplementedError

    def again(self, status: int | None) -> bool:
        """Whether it tries again after that answer; None if there was none."""
        return status is None or not 200 <= status < 300

    def wire(self, sent: Sent, now_ms: int) -> Wire:
        """The request. `now_ms` is the sender's clock."""
        raise NotImplementedError


class Vonage(Sender):
    def waits(self) -> Iterator[float]:
        wait, total = 5.0, 0.0
        while total < 24 * 3600:
            yield wait
            total, wait = total + wait, min(wait * 2, 900.0)

    def wire(self, sent: Sent, now_ms: int) -> Wire:
        stamp = datetime.fromtimestamp(sent.sent_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        told = {"msisdn": sent.caller, "messageId": sent.id, "text": sent.text, "type": "text",
                "message-timestamp": stamp, "timestamp": str(sent.sent_ms // 1000)}  # fmt: skip
        clean = "".join(f"&{name}={told[name]}" for name in sorted(told))
        told["sig"] = hmac.digest(campaigns.VONAGE_SECRET.encode(), clean.encode(), "sha256").hex()
        return Wire("/in/vonage", {"Content-Type": FORM}, urlencode(told).encode())


class Dial(Sender):
    def waits(self) -> Iterator[float]:
        yield from (2.0**n for n in range(1, 10))

    def again(self, status: int | None) -> bool:
        return status is None or status >= 500

    def wire(self, sent: Sent, now_ms: int) -> Wire:
        told = {"from": sent.caller, "text": sent.text, "id": sent.id, "at": str(sent.sent_ms)}
        path = f"/in/dial/{campaigns.TOKEN}"
        return Wire(path, {"Content-Type": "application/json"}, json.dumps(told).encode())


class Twilio(Sender):
    def waits(self) -> Iterator[float]:
        yield 0.5  # one more, where no connection came about

    def again(self, status: int | None) -> bool:
        return status is None

    def wire(self, sent: Sent, now_ms: int) -> Wire:
        told = {
            "MessageSid": sent.id,
            "AccountSid": campaigns.ACCOUNT,
            "From": sent.caller,
            "Body": sent.text,
        }
        signed = campaigns.TWILIO_URL + "".join(name + told[name] for name in sorted(told))
        mac = hmac.digest(campaigns.TWILIO_SECRET.encode(), signed.encode(), "sha1")
        headers = {"Content-Type": FORM, "X-Twilio-Signature": base64.b64encode(mac).decode()}
        return Wire("/in/twilio", headers, urlencode(told).encode())


class Standard(Sender):
    def waits(self) -> Iterator[float]:
        yield from (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)

    def wire(self, sent: Sent, now_ms: int) -> Wire:
        at = datetime.fromtimestamp(sent.sent_ms / 1000, UTC).isoformat(timespec="milliseconds")
        data = {"from": sent.caller, "text": sent.text, "sent_at": at}
        body = json.dumps({"type": "vote.received", "timestamp": at, "data": data}).encode()
        key = base64.b64decode(campaigns.WHSEC.removeprefix("whsec_"))
        signed = f"{sent.id}.{now_ms // 1000}.".encode() + body
        mac = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        return Wire(
            "/in/standard",
            {
                "webhook-id": sent.id,
                "webhook-timestamp": str(now_ms // 1000),
                "webhook-signature": f"v1,{mac}",
            },
            body,
        )


class Tencent(Sender):
    def waits(self) -> Iterator[float]:
        yield from (30.0, 60.0)

    def wire(self, sent: Sent, now_ms: int) -> Wire:
        told = {"extend": "", "mobile": sent.caller, "nationcode": "86", "sign": "", "text": sent.text,
                "time": sent.sent_ms // 1000}  # fmt: skip
        path = f"/in/tencent/{campaigns.TOKEN}"
        return Wire(path, {"Content-Type": "application/json"}, json.dumps(told, ensure_ascii=False).encode())


SENDERS: tuple[Sender, ...] = (
    Vonage("vonage", 1000), Dial("dial", 1), Twilio("twilio", 0), Standard("standard", 1),
    Tencent("tencent", 1000),
)  # fmt: skip
