"""Twilio's calls: a step and a step, each signed with Twilio's own `RequestValidator`."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from gateway.intake.inbound import Form, Inbound
from gateway.intake.provider import Answer, Ended, Refusal, Request
from tally.outcome import MessageOutcome
from tests.conftest import CLOSES_MS, OPENS_MS
from tests.providers import table_twilio
from tests.providers.rows import CAMPAIGN, Row, Table, unparsed
from tests.providers.table_twilio import ACCOUNT, NEXT_TOKEN, TOKEN

URL = "https://vote.example.org/in/hotline"
OPTIONS = {"auth_tokens": [TOKEN], "account_sid": ACCOUNT, "public_url": URL}
NOW_MS = OPENS_MS + 86_400_000
SID = "CA1234567890abcdef1234567890abcdef"
PARAMS = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "CallSid": SID,
    "CallStatus": "in-progress",
    "Called": "+867395169909",
    "Caller": "+8613812345678",
    "Direction": "inbound",
    "From": "+8613812345678",
    "To": "+867395169909",
}
NAME = CAMPAIGN.candidate("window", "A01").name


def sign(request: Request, token: str = TOKEN) -> Request:
    return table_twilio.sign(request, URL, token)


def form(**changes: str | None) -> bytes:
    return urlencode({k: v for k, v in {**PARAMS, **changes}.items() if v is not None}).encode()


def carry(body: bytes, step: str = "", at_ms: int = NOW_MS) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    return Request("POST", f"/in/hotline?step={step}" if step else "/in/hotline", headers, body, at_ms)


def post(step: str = "", at_ms: int = NOW_MS, **changes: str | None) -> Request:
    return sign(carry(form(**changes), step, at_ms))


def heard(request: Request, keys: str = "", **changes: str) -> tuple[Inbound]:
    return (Inbound(SID, "+8613812345678", keys, Form.DIGITS, raw=request.body)._replace(**changes),)


def twiml(verbs: str) -> Answer:
    whole = f'<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>'
    return Answer(whole.encode(), "text/xml; charset=utf-8")


def say(text: str) -> str:
    return f'<Say language="zh-CN">{text}</Say>'


def gather(step: str, said: str, keys: str = "") -> Answer:
    return twiml(
        f'<Gather input="dtmf" method="POST" action="{URL}?step={step}" finishOnKey="#"{keys} timeout="8" '
        f'actionOnEmptyResult="true">{said}</Gather>'
    )


ASK = say("请输入候选人编号，按井号键结束。")
CONFIRM = gather("confirm-0-101", say(f"您选择的是{NAME}。确认投票请按1，重新选择请按2。"), ' numDigits="1"')
THANKS = twiml(say(f"您投给{NAME}的一票已计入，谢谢，再见。") + "<Hangup/>")

BEGUN = post()
CODE = post("code-0-", Digits="101")
VOTE = post("confirm-0-101", Digits="1", FinishedOnKey="#")
VOTE_BY_GET = sign(
    replace(VOTE, method="GET", body=b"", target=f"/in/hotline?step=confirm-0-101&{VOTE.body.decode()}")
)
LATE = post(at_ms=CLOSES_MS)
WITHHELD = post(From="+266696687", Caller="+266696687")
FAILED = post("code-2-", Digits="999")
HUNG_UP = post("confirm-0-101", CallStatus="completed", CallDuration="9")
AGAIN = replace(VOTE, received_ms=NOW_MS + 1000, headers={**VOTE.headers, "i-twilio-idempotency-token": "2"})


def bad(label: str, request: Request) -> Row:
    return Row("bad_signature", label, request, refused=Refusal(403, "bad_signature"))


def unread(label: str, reason: str, request: Request) -> Row:
    ended = twiml("<Hangup/>")
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=ended)


ROWS = [
    Row(
        "accepted",
        "the call begins",
        BEGUN,
        answer=gather("code-0-", say(f"欢迎参加{CAMPAIGN.name}投票。") + ASK),
    ),
    Row("accepted", "a code is read back", CODE, answer=CONFIRM),
    Row("accepted", "confirmed", VOTE, messages=heard(VOTE, "101"), answer=THANKS),
    Row(
        "accepted",
        "confirmed by GET",
        VOTE_BY_GET,
        messages=heard(VOTE, "101", raw=VOTE_BY_GET.query.encode()),
        answer=THANKS,
    ),
    Row(
        "accepted",
        "a code nobody has",
        post("code-0-", Digits="999"),
        answer=gather("code-1-", say("没有这个编号。") + ASK),
    ),
    Row(
        "accepted",
        "no key",
        post("code-0-", Digits=""),
        answer=gather("code-1-", say("没有收到编号。") + ASK),
    ),
    Row(
        "accepted",
        "three failures",
        FAILED,
        messages=heard(FAILED),
        answer=twiml(say("本次没有投票，请重新拨打，再见。") + "<Hangup/>"),
    ),
    Row(
        "accepted",
        "after the close",
        LATE,
        messages=heard(LATE),
        answer=twiml(say("投票已经截止，再见。") + "<Hangup/>"),
    ),
    Row(
        "accepted",
        "a withheld number",
        WITHHELD,
        messages=heard(WITHHELD, caller="+266696687"),
        answer=twiml(say("您的号码未显示，无法投票，请显示号码后重新拨打，再见。") + "<Hangup/>"),
    ),
    Row("accepted", "hung up", HUNG_UP, messages=heard(HUNG_UP), answer=twiml("")),
    Row(
        "accepted",
        "a step that is none",
        post("confirm-0-１０１"),
        answer=gather("code-0-", say(f"欢迎参加{CAMPAIGN.name}投票。") + ASK),
    ),
    Row(
        "accepted",
        "another voice, and what follows the #",
        CODE,
        answer=twiml(
            CONFIRM.body.decode()
            .partition("<Response>")[2]
            .partition("</Response>")[0]
            .replace("confirm-0-101", "confirm-0-101#rc=2&amp;rp=all")
            .replace('"zh-CN"', '"cmn-CN" voice="Polly.Zhiyu"')
            .replace('timeout="8"', 'timeout="5"')
        ),
        options={
            "fragment": "rc=2&rp=all",
            "say_language": "cmn-CN",
            "say_voice": "Polly.Zhiyu",
            "wait_seconds": 5,
        },
    ),
    Row(
        "reply",
        "the outcome has the last word",
        VOTE,
        messages=heard(VOTE, "101"),
        ended=[Ended(MessageOutcome.REPEAT)],
        answer=twiml(say("您的号码已经投过票，本次不计入，再见。") + "<Hangup/>"),
    ),
    Row(
        "rotation",
        "the old token",
        VOTE,
        messages=heard(VOTE, "101"),
        options={"auth_tokens": [NEXT_TOKEN, TOKEN]},
    ),
    Row(
        "rotation",
        "the new token",
        sign(VOTE, NEXT_TOKEN),
        messages=heard(VOTE, "101"),
        options={"auth_tokens": [NEXT_TOKEN, TOKEN]},
    ),
    Row(
        "rotation",
        "the old token, taken out",
        VOTE,
        refused=Refusal(403, "bad_signature"),
        options={"auth_tokens": [NEXT_TOKEN]},
    ),
    bad("another token", sign(VOTE, NEXT_TOKEN)),
    bad("another choice in the step", replace(VOTE, target="/in/hotline?step=confirm-0-102")),
    bad("another key", replace(VOTE, body=form(Digits="2", FinishedOnKey="#"))),
    bad("no step", replace(VOTE, target="/in/hotline")),
    Row("no_signature", "none", carry(form(), "code-0-"), refused=Refusal(401, "no_signature")),
    Row(
        "wrong_account",
        "another account",
        post(AccountSid=f"AC{'f' * 32}"),
        refused=Refusal(403, "wrong_account"),
    ),
    Row("wrong_account", "no account", post(AccountSid=None), refused=Refusal(403, "wrong_account")),
    unread("no id", "no_message_id", post(CallSid=None)),
    unread("an id too long", "no_message_id", post(CallSid=f"{SID}0")),
    unread("no caller field", "no_caller_field", post(From=None)),
    unread(
        "keys given twice", "repeated_field", sign(carry(form() + b"&Digits=1&Digits=2", "confirm-0-101"))
    ),
    unread("keys that are no text", "not_utf8", sign(carry(form() + b"&Digits=%FF", "code-0-"))),
    unread("a broken step", "bad_escape", post("%zz")),
    Row("non_ascii_digits", "full-width", post("code-0-", Digits="１０１"), answer=CONFIRM),
    Row(
        "non_ascii_digits",
        "a full-width key is not the key 1",
        post("confirm-0-101", Digits="１"),
        answer=gather(
            "confirm-1-101",
            CONFIRM.body.decode().partition('"true">')[2].partition("</Gather>")[0],
            ' numDigits="1"',
        ),
    ),
    Row("redelivery", "the vote", VOTE, messages=heard(VOTE, "101"), again=AGAIN),
]


def equal(one: Request, other: Request) -> bool:
    """Twilio signs what an escape means, not how it is written."""
    same = parse_qsl(one.body, keep_blank_values=True) == parse_qsl(other.body, keep_blank_values=True)
    return same and one.target == other.target and one.headers == other.headers


TABLE = Table(
    options=OPTIONS,
    rows=ROWS,
    carry=lambda body: carry(body, "code-0-"),
    sign=sign,
    syntax="form",
    spoken=(form() + b"&Digits=", b""),
    text_field=b"Digits",
    signed_headers=("x-twilio-signature",),
    signs_query=True,
    equal=equal,
    steps=True,
    lacks={
        "batch": "one step of one call a request",
        "published_vectors": "those of Twilio's signature are in the table of its messages",
    },
)
