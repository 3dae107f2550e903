"""One configured entrance: an SMS provider account, a relay, a hotline's log or its desk."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from config.problems import Lang
from dedup.caller import Numbering
from gateway.intake.calllog import CallLog
from gateway.intake.desk import DeskOptions
from gateway.intake.provider import Provider
from gateway.intake.running import Running
from gateway.intake.worker import Worker
from gateway.outbox.outbox import Outbox
from tally.outcome import Channel
from tally.window import DecidedBy


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One entrance, ready. It has a `provider` (HTTP), a `calllog` (files), a `worker` or a `desk` (pages for
    operators): only one of them.

    `follow` is the file or folder where its call logs grow, "" if none is followed; `token` the path token,
    b"" if none is asked for; `allow_from` the addresses that may send, empty for any; `reply` whether senders
    are answered, in `language`, and by `outbox` if there is one, else in the answer; `body_bytes` the largest
    request; `silence_minutes` how long it may pause without alarm, 0 for ever, None as `vitals` finds.
    """

    name: str
    kind: str
    channel: Channel
    running: Running
    clock: DecidedBy
    numbering: Numbering
    provider: Provider | None = None
    calllog: CallLog | None = None
    desk: DeskOptions | None = None
    worker: Worker | None = None
    follow: str = ""
    token: bytes = b""
    allow_from: tuple[IPv4Network | IPv6Network, ...] = ()
    methods: tuple[str, ...] = ("POST",)
    reply: bool = False
    language: Lang = "zh"
    outbox: Outbox | None = None
    body_bytes: int = 65_536
    silence_minutes: int | None = None
