"""FreeSWITCH's records of calls: in every encoding, and with what a leg may lack."""

import base64
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from gateway.intake.inbound import Form, Inbound
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers.rows import Row, Table, unparsed, written

NOW_MS = 1_531_965_600_000
UUID = "7a3c1f0e-2b4d-4c5e-8f60-718293a4b5c6"
PROFILE = {
    "username": "13812345678",
    "dialplan": "XML",
    "caller_id_name": "13812345678",
    "ani": "13812345678",
    "caller_id_number": "13812345678",
    "network_addr": "192.0.2.7",
    "destination_number": "5169909",
    "uuid": UUID,
    "context": "public",
}
TIMES = {"created_time": "1531965540123456", "answered_time": "1531965541000000", "hangup_time": "0"}
FLOW = [{"dialplan": "XML", "profile_index": "1", "caller_profile": PROFILE, "times": TIMES}]
VARIABLES = {
    "uuid": UUID,
    "direction": "inbound",
    "start_stamp": "2018-07-19%2009%3A59%3A00",
    "start_epoch": "1531965540",
    "hangup_cause": "NORMAL_CLEARING",
    "caller_id": "%2213812345678%22%20%3C13812345678%3E",
}
RECORD: dict[str, Any] = {
    "core-uuid": "c0",
    "switchname": "pbx",
    "channel_data": {"state": "CS_REPORTING", "direction": "inbound", "state_number": "11"},
    "callflow": FLOW,
    "variables": {**VARIABLES, "digits_dialed": "101#"},
}


def carry(body: bytes) -> Request:
    headers = {"content-type": "application/json", "user-agent": "freeswitch-json/1.0"}
    return Request("POST", f"/in/fs/token?uuid={UUID}", headers, body, NOW_MS)


def record(**changes: object) -> bytes:
    return written(RECORD, **changes)


def told(**variables: object) -> bytes:
    kept = {name: value for name, value in {**RECORD["variables"], **variables}.items() if value is not ...}
    return record(variables=kept)


def by(number: object, dialled: str = "5169909") -> list[dict[str, Any]]:
    profile = {**PROFILE, "caller_id_number": number, "destination_number": dialled}
    return [{"caller_profile": profile}]


def read(body: bytes, **changes: Any) -> list[Inbound]:
    call = Inbound(UUID, "13812345678", "101#", Form.DIGITS, 1_531_965_540_000, 1000, body)
    return [call._replace(**changes)]


GOOD = record()
ENCODED = {"encoded_values": True, "form": "digits"}
FORM = {**carry(GOOD).headers, "content-type": "application/x-www-form-urlencoded"}
AS_FORM = b"cdr=" + quote(GOOD.decode(), safe="").encode()
AS_BASE64 = b"cdr=" + base64.b64encode(GOOD)
AS_ESCAPED_BASE64 = b"cdr=" + quote(base64.b64encode(GOOD), safe="").encode()
PLUS = told(caller_id="+1+", digits_dialed="%2B1")
TRANSFERRED = record(callflow=[*by("13812345678", "7000"), *by("5160001", "5169909")])
CHOICE = told(choice="vote%3D%E6%8A%951")
CREDENTIALS = {"user": "fs", "password": "geheim"}
BASIC = {"authorization": f"Basic {base64.b64encode(b'fs:geheim').decode()}"}
OK = Answer()


def accepted(label: str, body: bytes, options: dict[str, Any] | None = None, **changes: Any) -> Row:
    options = {**ENCODED, **(options or {})}
    return Row("accepted", label, carry(body), messages=read(body, **changes), answer=OK, options=options)


def unread(label: str, reason: str, body: bytes) -> Row:
    options = {**ENCODED, "choice": {"map": {"1": "A01"}}} if reason == "unmapped_choice" else ENCODED
    return Row("malformed", label, carry(body), messages=[unparsed(reason, body)], answer=OK, options=options)


def left_out(label: str, body: bytes, **options: Any) -> Row:
    return Row("wrong_account", label, carry(body), messages=[], answer=OK, options={**ENCODED, **options})


ROWS = [
    accepted("JSON", GOOD),
    Row(
        "accepted",
        "JSON that is called a form",
        replace(carry(GOOD), headers=FORM),
        messages=read(GOOD),
        answer=OK,
        options=ENCODED,
    ),
    accepted("a form", AS_FORM),
    accepted("base64", AS_BASE64),
    accepted("base64, escaped", AS_ESCAPED_BASE64),
    accepted("a plus is a plus", PLUS, text="+1"),
    accepted("values that are not encoded", told(digits_dialed="%31"), {"encoded_values": False}, text="%31"),
    accepted("no key", told(digits_dialed="none"), text=""),
    accepted("no variable", told(digits_dialed=...), text=""),
    accepted("no start", told(start_epoch=...), sent_ms=None),
    accepted(
        "another variable, a pattern, words",
        CHOICE,
        {"choice": {"from": "choice", "pattern": "vote=(.+)"}, "form": "text"},
        text="投1",
        form=Form.TEXT,
    ),
    accepted("a map", told(digits_dialed="1"), {"choice": {"map": {"1": "101"}}}, text="101"),
    accepted("after a transfer", TRANSFERRED, {"called": ["5169909"]}),
    accepted("the other way round", TRANSFERRED, {"caller_profile": "last"}, caller="5160001"),
    accepted("the default for no number", record(callflow=by("0000000000")), caller="0000000000"),
    accepted("a caller who hides his number", told(sip_Privacy="id%3Bcritical"), caller=""),
    accepted("a caller who hides nothing", told(sip_Privacy="none")),
    accepted("no number", record(callflow=by(None)), caller=""),
    left_out("a leg that FreeSWITCH placed", record(channel_data={"direction": "outbound"})),
    left_out("another number", GOOD, called=["5160000"]),
    Row("unsigned", "no credentials asked for", carry(GOOD), messages=read(GOOD), options=ENCODED),
    Row("no_credentials", "none", carry(GOOD), refused=Refusal(401, "no_credentials"), options=CREDENTIALS),
    Row(
        "bad_credentials",
        "another password",
        replace(carry(GOOD), headers={"authorization": "Basic ZnM6eA=="}),
        refused=Refusal(401, "bad_credentials"),
        options=CREDENTIALS,
    ),
    Row(
        "accepted",
        "with credentials",
        replace(carry(GOOD), headers=BASIC),
        messages=read(GOOD),
        options={**ENCODED, **CREDENTIALS},
    ),
    unread("no id", "no_message_id", told(uuid=...)),
    unread("no callflow", "no_caller_field", record(callflow=[])),
    unread("no profile", "wrong_shape", record(callflow=[{}])),
    unread("no variables", "wrong_shape", record(variables=None)),
    unread("a number for keys", "wrong_shape", told(digits_dialed=101)),
    unread("a broken escape in a value", "bad_escape", told(digits_dialed="%zz")),
    unread("a broken escape in a form", "bad_escape", b"cdr=%7B%zz"),
    unread("base64 that is none", "not_json", b"cdr=e30"),
    unread("a time that is none", "bad_time", told(start_epoch="soon")),
    unread("a number for a time", "bad_time", told(start_epoch=1531965540)),
    unread("a choice that is not in the map", "unmapped_choice", told(digits_dialed="9")),
    Row(
        "non_ascii_digits",
        "as given",
        carry(told(digits_dialed="１０１")),
        messages=read(told(digits_dialed="１０１"), text="１０１"),
        options=ENCODED,
    ),
    Row(
        "redelivery",
        "a retry",
        carry(GOOD),
        messages=read(GOOD),
        again=replace(carry(GOOD), received_ms=NOW_MS + 5000),
        options=ENCODED,
    ),
]

HEAD = written(RECORD, variables=VARIABLES)[:-2]
TABLE = Table(
    options={"encoded_values": False, "form": "text"},
    rows=ROWS,
    carry=carry,
    syntax="json",
    spoken=(HEAD + b', "digits_dialed": ', b"}}"),
    text_field=b"digits_dialed",
    lacks={
        "batch": "one leg a request",
        "reply": "FreeSWITCH reads no answer",
        "published_vectors": "nothing is signed",
    },
)
