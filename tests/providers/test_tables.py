"""Every kind of provider is found, has a table, and does what its table says; and no input breaks it."""

from dataclasses import replace

import pytest

from gateway.intake.inbound import Form
from gateway.intake.provider import Refusal, Request
from tests.providers import runner
from tests.providers.rows import Row
from tests.providers.runner import KINDS, TABLES, Killer

ROWS = [
    pytest.param(kind, row, id=f"{kind}-{row.covers}-{row.label.replace(' ', '_')}")
    for kind, table in TABLES.items()
    for row in table.rows
]
KILLERS = [
    pytest.param(kind, killer, id=f"{kind}-{killer.name.replace(' ', '_')}")
    for kind, table in TABLES.items()
    for killer in runner.killers(table)
]
SIGNING = [kind for kind in TABLES if KINDS[kind].signs]


# ---- the tables are there -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_table_with_the_compulsory_rows(kind: str) -> None:
    assert runner.gaps(KINDS[kind], TABLES.get(kind)) == []


@pytest.mark.parametrize("kind", TABLES)
def test_a_missing_row_is_noticed(kind: str) -> None:
    table = TABLES[kind]
    for name in {row.covers for row in table.rows}:
        without = replace(table, rows=[row for row in table.rows if row.covers != name])
        assert runner.gaps(KINDS[kind], without) == [f"lacks {name}"]
    for name in runner.compulsory(KINDS[kind]):
        excused = replace(table, lacks={**table.lacks, name: "no reason is good enough"})
        assert f"cannot be let off {name}" in runner.gaps(KINDS[kind], excused)


def test_a_missing_table_is_noticed() -> None:
    kind = replace(KINDS["twilio"], kind="newco")
    assert runner.gaps(kind, runner.table_of("newco")) == ["no table: tests/providers/table_newco.py"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_says_what_an_operator_must_know(kind: str) -> None:
    made = KINDS[kind]
    assert made.kind == kind
    assert made.methods
    assert made.configure
    assert made.reference
    assert made.gives_time or not made.signs_time
    assert made.signs or made.authentication.startswith("none"), "an unsigned kind must say so"
    assert made.signs or made.seals, "what signs nothing needs no word on what is signed"
    assert not made.signs_with or made.options.model_fields[made.signs_with].default is None
    assert made.options.model_config.get("extra") == "forbid"
    assert made.options.model_config.get("hide_input_in_errors"), "or a bad secret is printed"


# ---- and true -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_row(kind: str, row: Row) -> None:
    made = runner.build(kind, row.options)
    taken = runner.take(made, row.request)
    if isinstance(taken, Refusal):
        assert taken == row.refused
        return
    assert row.refused is None, "it should have been refused"
    assert list(taken) == list(row.messages)
    if row.answer is not None:
        ended = runner.counted(taken) if row.ended is None else row.ended
        assert made.answer(row.request, ended) == row.answer


@pytest.mark.parametrize(("kind", "row"), [p for p in ROWS if p.values[1].covers == "redelivery"])
def test_a_redelivery_has_the_same_ids(kind: str, row: Row) -> None:
    assert row.again is not None, "a redelivery row shows the second delivery"
    assert row.again != row.request, "the second delivery differs in what a delivery may differ in"
    made = runner.build(kind, row.options)
    first, second = runner.take(made, row.request), runner.take(made, row.again)
    assert not isinstance(first, Refusal)
    assert not isinstance(second, Refusal)
    assert first, "nothing was delivered"
    assert [message.message_id for message in second] == [message.message_id for message in first]


@pytest.mark.parametrize(("kind", "row"), [p for p in ROWS if p.values[1].covers == "accepted"])
def test_reading_does_not_need_what_authenticating_left_behind(kind: str, row: Row) -> None:
    assert list(runner.build(kind, row.options).read(row.request)) == list(row.messages)


# ---- nothing breaks it ----------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "killer"), KILLERS)
def test_known_killer(kind: str, killer: Killer) -> None:
    """Each signed as the provider would: refused, kept unread, or read as it stands."""
    table = TABLES[kind]
    carried = table.carry(killer.payload)
    request = table.sign(replace(carried, headers={**carried.headers, **killer.headers}))
    taken = runner.take(runner.build(kind), request)
    if killer.text is not None and not table.steps:
        assert not isinstance(taken, Refusal)
        assert [message.text for message in taken] == [killer.text]
        assert taken[0].form is Form.TEXT
    elif not isinstance(taken, Refusal):
        assert taken or table.steps, "an authentic request must leave a trace"
        assert {message.form for message in taken} <= {Form.UNPARSED}


def _flips(text: bytes) -> list[bytes]:
    return [
        text[:at] + bytes([text[at] ^ (1 << bit)]) + text[at + 1 :]
        for at in range(len(text))
        for bit in range(8)
    ]


def _mutations(kind: str, request: Request) -> list[Request]:
    table = TABLES[kind]
    path, mark, query = request.target.partition("?")
    covered = KINDS[kind].seals or table.remembers
    mutated = [replace(request, body=body) for body in _flips(request.body)] if covered else []
    for name in request.headers.keys() & set(table.signed_headers):
        texts = [text.decode("latin-1") for text in _flips(request.headers[name].encode("latin-1"))]
        mutated += [replace(request, headers={**request.headers, name: text}) for text in texts]
    if table.signs_query and mark:
        mutated += [
            replace(request, target=path + text.decode("latin-1")) for text in _flips((mark + query).encode())
        ]
    return mutated


@pytest.mark.parametrize("kind", SIGNING)
def test_one_flipped_bit_is_refused(kind: str) -> None:
    """Exhaustively: each bit of body, query and headers that is signed."""
    tried = 0
    for row in TABLES[kind].rows:
        if row.covers != "accepted":
            continue
        made = runner.build(kind, row.options)
        runner.take(made, row.request)
        for request in _mutations(kind, row.request):
            taken = runner.take(made, request)
            if not isinstance(taken, Refusal):
                assert TABLES[kind].equal(row.request, request), request
                assert [m._replace(raw=b"") for m in taken] == [m._replace(raw=b"") for m in row.messages]
            tried += 1
    assert tried > (2_000 if KINDS[kind].seals else 500)
