"""FreeSWITCH's calls: a step and a step, by POST and GET, said or played."""

import base64
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from gateway.intake.inbound import Form, Inbound
from gateway.intake.provider import Answer, Ended, Refusal, Request
from tally.outcome import MessageOutcome
from tests.conftest import CLOSES_MS, OPENS_MS
from tests.providers.rows import CAMPAIGN, Row, Table, unparsed

NOW_MS = OPENS_MS + 86_400_000
UUID = "7a3c1f0e-2b4d-4c5e-8f60-718293a4b5c6"
PARAMS = {
    "session_id": UUID,
    "hostname": "pbx",
    "Caller-Direction": "inbound",
    "Caller-Caller-ID-Name": "13812345678",
    "Caller-Caller-ID-Number": "13812345678",
    "Caller-Destination-Number": "5169909",
    "Caller-Unique-ID": UUID,
    "Caller-Privacy-Hide-Number": "false",
    "url": "http://127.0.0.1:8080/in/fs/token",
}
NAME = CAMPAIGN.candidate("window", "A01").name
CREDENTIALS = {"user": "fs", "password": "geheim"}
BASIC = {"authorization": f"Basic {base64.b64encode(b'fs:geheim').decode()}"}


def carry(body: bytes) -> Request:
    return Request(
        "POST", "/in/fs/token", {"content-type": "application/x-www-form-urlencoded"}, body, NOW_MS
    )


def form(**changes: str | None) -> bytes:
    named = {name.replace("_", "-") if name[0].isupper() else name: value for name, value in changes.items()}
    return urlencode({k: v for k, v in {**PARAMS, **named}.items() if v is not None}).encode()


def post(**changes: str | None) -> Request:
    return carry(form(**changes))


def heard(request: Request, keys: str = "", **changes: Any) -> tuple[Inbound]:
    return (Inbound(UUID, "13812345678", keys, Form.DIGITS, raw=request.body)._replace(**changes),)


def document(work: str, params: str = "") -> Answer:
    whole = (
        '<?xml version="1.0" encoding="UTF-8"?><document type="xml/freeswitch-httapi">'
        f"<params>{params}</params><work>{work}</work></document>"
    )
    return Answer(whole.encode(), "text/xml")


def speak(text: str, waiting: str = "", keys: str = "") -> str:
    return f'<speak engine="tts" voice="" text="{text}"{waiting}>{keys}</speak>'


def asked(step: str, *said: str, keys: str = '<bind strip="#">~[0-9*]+#</bind>') -> Answer:
    waiting = ' name="keys" input-timeout="8000" digit-timeout="4000"'
    work = "".join(map(speak, said[:-1])) + speak(said[-1], waiting, keys)
    return document(work, f"<step>{step}</step>")


ASK = "请输入候选人编号，按井号键结束。"
BEGUN = asked("code-0-", f"欢迎参加{CAMPAIGN.name}投票。", ASK)
CONFIRM = asked(
    "confirm-0-101", f"您选择的是{NAME}。确认投票请按1，重新选择请按2。", keys="<bind>~[0-9*]</bind>"
)
THANKS = document(speak(f"您投给{NAME}的一票已计入，谢谢，再见。") + "<hangup/>")
VOTE = post(step="confirm-0-101", keys="1", input_type="dtmf")
VOTE_BY_GET = Request("GET", f"/in/fs/token?{VOTE.body.decode()}", {}, b"", NOW_MS)
POST_IN_THE_QUERY = replace(VOTE_BY_GET, method="POST")
LATE = replace(post(), received_ms=CLOSES_MS)
HIDDEN = post(Caller_Privacy_Hide_Number="true")
WITHHELD = post(Caller_Caller_ID_Number="0000000000")
HUNG_UP = post(step="confirm-0-101", exiting="true")
UNNAMED = post(Caller_Unique_ID=None, step="confirm-0-101", keys="1")
TWICE = carry(form(keys="1", step="code-0-") + b"&step=confirm-0-101")


def unread(label: str, reason: str, request: Request) -> Row:
    ended = document("<hangup/>")
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=ended)


ROWS = [
    Row("accepted", "the call begins", post(), answer=BEGUN),
    Row(
        "accepted", "a code is read back", post(step="code-0-", keys="101", input_type="dtmf"), answer=CONFIRM
    ),
    Row("accepted", "confirmed", VOTE, messages=heard(VOTE, "101"), answer=THANKS),
    Row(
        "accepted",
        "confirmed by GET",
        VOTE_BY_GET,
        messages=heard(VOTE, "101", raw=VOTE.body),
        answer=THANKS,
    ),
    Row(
        "accepted",
        "a POST whose parameters are in the query",
        POST_IN_THE_QUERY,
        messages=heard(VOTE, "101", raw=VOTE.body),
        answer=THANKS,
    ),
    Row("accepted", "no key", post(step="code-0-"), answer=asked("code-1-", "没有收到编号。", ASK)),
    Row(
        "accepted",
        "a code nobody has",
        post(step="code-1-", keys="999"),
        answer=asked("code-2-", "没有这个编号。", ASK),
    ),
    Row(
        "accepted",
        "three failures",
        post(step="code-2-"),
        messages=heard(post(step="code-2-")),
        answer=document(speak("本次没有投票，请重新拨打，再见。") + "<hangup/>"),
    ),
    Row(
        "accepted",
        "after the close",
        LATE,
        messages=heard(LATE),
        answer=document(speak("投票已经截止，再见。") + "<hangup/>"),
    ),
    Row("accepted", "a hidden number", HIDDEN, messages=heard(HIDDEN, caller="")),
    Row("accepted", "the default for no number", WITHHELD, messages=heard(WITHHELD, caller="0000000000")),
    Row("accepted", "hung up", HUNG_UP, messages=heard(HUNG_UP), answer=document("<break/>")),
    Row("accepted", "known by its session", UNNAMED, messages=heard(UNNAMED, "101"), answer=THANKS),
    Row("accepted", "a step that was set twice", TWICE, messages=heard(TWICE, "101"), answer=THANKS),
    Row(
        "accepted",
        "with credentials",
        replace(VOTE, headers=BASIC),
        messages=heard(VOTE, "101"),
        options=CREDENTIALS,
    ),
    Row("unsigned", "no credentials asked for", VOTE, messages=heard(VOTE, "101")),
    Row("no_credentials", "none", VOTE, refused=Refusal(401, "no_credentials"), options=CREDENTIALS),
    Row(
        "bad_credentials",
        "another password",
        replace(VOTE, headers={"authorization": "Basic ZnM6eA=="}),
        refused=Refusal(401, "bad_credentials"),
        options=CREDENTIALS,
    ),
    Row(
        "reply",
        "the outcome has the last word",
        VOTE,
        messages=heard(VOTE, "101"),
        ended=[Ended(MessageOutcome.REPEAT)],
        answer=document(speak("您的号码已经投过票，本次不计入，再见。") + "<hangup/>"),
    ),
    unread("no id", "no_message_id", post(Caller_Unique_ID=None, session_id=None)),
    unread("no caller field", "no_caller_field", post(Caller_Caller_ID_Number=None)),
    unread("keys given twice", "repeated_field", carry(form(keys="1") + b"&keys=2")),
    unread("keys that are no text", "not_utf8", carry(form(step="code-0-") + b"&keys=%FF")),
    unread("a broken escape", "bad_escape", carry(form() + b"&x=%zz")),
    Row("non_ascii_digits", "full-width", post(step="code-0-", keys="１０１"), answer=CONFIRM),
    Row(
        "redelivery",
        "the vote",
        VOTE,
        messages=heard(VOTE, "101"),
        again=replace(VOTE, received_ms=NOW_MS + 1),
    ),
]

TABLE = Table(
    options={"engine": "tts"},
    rows=ROWS,
    carry=carry,
    syntax="form",
    spoken=(b"to=5169909&" + form(step="code-0-") + b"&keys=", b""),
    text_field=b"keys",
    steps=True,
    lacks={
        "wrong_account": "the form names no account",
        "batch": "one step of one call a request",
        "published_vectors": "nothing is signed",
    },
)
