"""`televote outbox`: how replies stand."""

import sqlite3
from contextlib import closing

from tests.cli.commands import Home, rows

REPLIES = [
    (b"a", 1, 1, "sim", "sent", ""),
    (b"b", 1, 2, "sim", "sent", ""),
    (b"c", 1, 3, "sim", "failed", "http_400"),
    (b"d", 1, 4, "sms", "unknown", "no_answer"),
    (b"e", 1, 5, "sms", "due", ""),
]


def with_a_database(home: Home) -> None:
    assert home.call("import", "--source", "hotline", home.log(rows(1))).code == 0


def test_no_reply_yet(home: Home) -> None:
    with_a_database(home)
    assert home.call("outbox") == (0, "no reply has gone by an outbox\n", "")
    assert home.call("outbox", lang="zh") == (0, "没有回复经发件箱发送\n", "")
    assert home.call("outbox", "--json") == (0, "[]\n", "")


def test_replies_by_source_state_and_reason(home: Home) -> None:
    with_a_database(home)
    with closing(sqlite3.connect(home.database)) as db, db:
        db.executemany(
            "INSERT INTO outbox (voter_key, log, seq, source, state, reason, at_ms, due_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
            REPLIES,
        )
    assert home.call("outbox", "--json").json() == [
        {"source": "sim", "state": "failed", "reason": "http_400", "replies": 1},
        {"source": "sim", "state": "sent", "reason": "", "replies": 2},
        {"source": "sms", "state": "due", "reason": "", "replies": 1},
        {"source": "sms", "state": "unknown", "reason": "no_answer", "replies": 1},
    ]
    said = home.call("outbox").out
    for words in ("not sent", "http_400", "in doubt, not sent again", "waiting"):
        assert words in said
    assert "不确定，不再发送" in home.call("outbox", lang="zh").out


def test_without_a_database(home: Home) -> None:
    said = home.call("outbox")
    assert (said.code, said.out) == (1, "")
    assert "there is no database" in said.err
