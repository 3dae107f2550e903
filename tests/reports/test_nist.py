"""NIST's formats: the schemas accept them, ids resolve, records add up, and none tells whose it is."""

import csv
import io
import json
import random
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gateway.intake import running
from gateway.intake.inbound import Inbound
from gateway.reporting import collect, report
from gateway.reporting.report import Options
from gateway.reporting.result import Record, Result
from tally.outcome import MessageOutcome, Selection, SelectionOutcome
from tests.conftest import OPENS_MS, House
from tests.docs import auditing
from tests.intake.test_revise import Room, dispute
from tests.pages import boards
from tests.reports.conftest import fill, result_of
from tests.reports.golden import same
from tests.reports.resolving import faults

DATA = Path(__file__).parents[1] / "data/nist"
SCHEMAS = {
    kind: json.loads((DATA / f"nist_{name}.schema.json").read_text("utf-8"))
    for kind, name in (("nist-cvr", "cvr_v1"), ("nist-cvr-audit", "cvr_v1"), ("nist-err", "err_v2"))
}
VALIDATORS = {kind: jsonschema.Draft4Validator(schema) for kind, schema in SCHEMAS.items()}


def made(kind: str, result: Result) -> dict[str, Any]:
    """A report that its schema accepts, and whose every id resolves."""
    told = json.loads(b"".join(report.kinds()[kind].write(result, Options())))
    assert [error.message for error in VALIDATORS[kind].iter_errors(told)] == []
    assert faults(told, SCHEMAS[kind]) == []
    return dict(told)


def allocable(cvr: dict[str, Any]) -> Counter[str]:
    """What the records come to, counted by somebody who knows nothing of us."""
    counted: Counter[str] = Counter()
    for record in cvr["CVR"]:
        (current,) = (one for one in record["CVRSnapshot"] if one["@id"] == record["CurrentSnapshotId"])
        for contest in current.get("CVRContest", []):
            for selection in contest["CVRContestSelection"]:
                for position in selection["SelectionPosition"]:
                    if position.get("IsAllocable") == "yes":
                        counted[selection["ContestSelectionId"]] += position["NumberVotes"]
    return counted


def votes(result: Result) -> Counter[str]:
    return Counter(
        {
            f"sel.{contest['id']}.{one['code']}": one["votes"]
            for contest in result.standings["contests"]
            for one in contest["candidates"]
            if one["votes"]
        }
    )


def sidecar(result: Result) -> list[dict[str, str]]:
    text = b"".join(report.kinds()["sidecar"].write(result, Options())).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(("kind", "sample"), [("nist-cvr", "sample_cvr"), ("nist-err", "sample_err")])
def test_the_checker_finds_what_it_is_for(kind: str, sample: str) -> None:
    text = (DATA / f"{sample}.json").read_text("utf-8")
    assert faults(json.loads(text), SCHEMAS[kind]) == []
    assert faults(json.loads(text.replace('"sel-07"\n', '"sel-08"\n')), SCHEMAS[kind]) == []
    for old, new in (('"@id": "cand-07"', '"@id": "cand-08"'), ('"@id": "gp-district"', '"@id": "cand-07"')):
        assert old in text
        assert faults(json.loads(text.replace(old, new)), SCHEMAS[kind]) != []


async def test_every_ending_of_a_real_campaign(house: House) -> None:
    await fill(house)
    async with result_of(house) as result:
        cvr, err = made("nist-cvr", result), made("nist-err", result)
        assert allocable(cvr) == votes(result)
        assert len(cvr["CVR"]) == result.standings["balance"]["messages"]["received"]
        assert err["Status"] == "unofficial-partial", "nobody has said that the count is complete"
        (total,) = (one for one in err["Election"][0]["BallotCounts"] if one["Type"] == "total")
        assert total["BallotsCast"] + total["BallotsRejected"] + total["BallotsOutstanding"] == len(
            cvr["CVR"]
        )
        assert allocable(made("nist-cvr-audit", result)) == votes(result)
        for kind in ("nist-cvr", "nist-cvr-audit", "nist-err"):
            same(f"{kind}.json", b"".join(report.kinds()[kind].write(replace_ids(result), Options())))


def replace_ids(result: Result) -> Result:
    """The same result with ids that do not hang on the house's fresh secrets."""
    ordered = sorted(result.records, key=lambda one: (one.node, one.entry))
    records = tuple(one._replace(id=f"{number:032x}") for number, one in enumerate(ordered))
    return replace(result, records=records, roots=dict.fromkeys(result.roots, "0" * 64))


async def test_every_act_and_the_rules_that_void(house: House) -> None:
    await auditing.play(house, bulk=40)
    async with result_of(house) as result:
        assert allocable(made("nist-cvr", result)) == votes(result)
        made("nist-err", result)
        cvr = made("nist-cvr-audit", result)
        assert allocable(cvr) == votes(result)
        kinds = Counter(tuple(one["Type"] for one in record["CVRSnapshot"]) for record in cvr["CVR"])
        assert set(kinds) >= {("interpreted",), ("original", "interpreted", "modified")}
        assert cvr["ReportType"] == ["adjudicated"]
        rows = sidecar(result)
        assert sum(bool(row["ruled_by_entries"]) for row in rows) == len(
            {one.about for one in result.rulings}
        )
        assert {row["window_class"] for row in rows} == {"during", "post"}
        assert len({row["unique_id"] for row in rows}) == len(rows)


async def test_what_a_later_vote_has_voided_is_voided_in_the_records(house: House) -> None:
    house.edit(house.campaign, 'over_cap = "first"', 'over_cap = "void_all"')
    async with house.service() as counting:
        texts = ["A01 B03", "A02", "A03"]
        votes_ = [Inbound(f"m{n}", "13812345678", text) for n, text in enumerate(texts)]
        others = [Inbound(f"o{n}", f"139{n:08d}", "A02") for n in range(3)]
        await counting.take(counting.sources["sim"], [*votes_, *others])
    async with result_of(house) as result:
        assert allocable(made("nist-cvr", result)) == votes(result)
        assert votes(result) == {"sel.window.A02": 3, "sel.star.B03": 1}
        (voided,) = (one for one in result.records if one.over)
        assert voided.ending == ("counted", (("window", "A01", "voided"), ("star", "B03", "counted")))


async def test_no_record_tells_whose_it_is_or_when_it_came(house: House) -> None:
    await auditing.play(house, bulk=40)
    async with result_of(house) as result:
        told = b"".join(report.kinds()["nist-cvr"].write(result, Options())).decode()
        records = told.partition('"CVR": [')[2]
        for row in sidecar(result):
            for hidden in ("caller_pseudonym", "raw_hash", "chain_hash", "received_at", "provider_time"):
                assert not row[hidden] or row[hidden] not in told, hidden
        for ruling in result.rulings:
            assert f'"{ruling.by}"' not in records
        assert "TimeStamp" not in records
        assert "2018-" not in records
        order = [one.entry for one in result.records]
        assert order != sorted(order)
        assert [one.id for one in result.records] == sorted(one.id for one in result.records)


async def test_what_is_disputed_counts_until_it_is_ruled_on(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        call = await room.send("13812345678", "A01", by="op1")
        await room.rule(dispute(call.place, Selection("window", "A02")))
    async with result_of(house) as result:
        (total,) = (
            one for one in made("nist-err", result)["Election"][0]["BallotCounts"] if one["Type"] == "total"
        )
        assert [total[f"Ballots{what}"] for what in ("Cast", "Rejected", "Outstanding")] == [1, 0, 0]


@pytest.mark.parametrize("ballots", ["sealed", "open"])
async def test_no_record_leads_to_an_entry_of_the_public_ledger(house: House, ballots: str) -> None:
    """By how it ended: the ledger says so of every entry, and of rulings by whom and why."""
    await auditing.play(house, 40, auditing.OPEN_RULES if ballots == "open" else auditing.RULES)
    async with result_of(house) as result:
        told = [one for record in made("nist-cvr", result)["CVR"] for one in record["CVRSnapshot"]]
        assert allocable(made("nist-cvr", result)) == votes(result)
        if ballots == "open":
            assert {one["Type"] for one in told} == {"original", "interpreted", "modified"}
            return
        assert {one["Type"] for one in told} == {"interpreted"}
        assert not any("Annotation" in one for one in told)
        shapes = {
            (one.get("OtherStatus"), json.dumps(position))
            for one in told
            for contest in one.get("CVRContest", [])
            for selection in contest["CVRContestSelection"]
            for position in [selection["SelectionPosition"], selection.get("Status"), contest.get("Status")]
        }
        counts = {
            "@type": "CVR.SelectionPosition",
            "HasIndication": "yes",
            "NumberVotes": 1,
            "IsAllocable": "yes",
        }
        assert shapes == {(None, json.dumps([counts])), (None, "null")}


def random_records(rng: random.Random, result: Result, many: int) -> Iterator[Record]:
    choices = [
        Selection(contest.id, one.code) for contest in result.roll.contests for one in contest.candidates
    ]
    outcomes, endings = list(MessageOutcome), list(SelectionOutcome)
    for number in range(many):
        chosen = rng.sample(choices, rng.randrange(min(4, len(choices)) + 1))
        first = tuple((*one, rng.choice(endings).value) for one in chosen)
        yield Record(
            f"{rng.getrandbits(128):032x}", "n1", number, "sms", "sim", OPENS_MS, None, OPENS_MS, "", "", "",
            (rng.choice(outcomes).value, first), rng.random() < 0.1,
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_random_campaigns(seed: int) -> None:
    rng = random.Random(seed)
    contests = []
    for number in range(rng.randint(1, 5)):
        candidates = [
            {
                "code": f"{'ABCDE'[number]}{one:02d}",
                "name": f"候选{one}",
                "unit": "单位",
                "withdrawn": rng.random() < 0.2,
            }
            for one in range(1, rng.randint(2, 9))
        ]
        most = rng.randint(1, len(candidates))
        contests.append(
            {
                "id": f"c{number}", "name": "项", "seats": rng.randint(1, 5), "candidates": candidates,
                "selections": {"min": rng.randint(1, most), "max": most},
                "caps": [{"per": "campaign", "votes": rng.randint(1, 9)}],
            }
        )  # fmt: skip
    blank = collect.before(running.run(boards.campaign(contests=contests), bytes(32)), OPENS_MS)
    records = tuple(random_records(rng, blank, rng.randrange(30)))
    result = replace(blank, records=records, sources={"sim": "sms"}, entries=len(records))
    cvr, err = made("nist-cvr", result), made("nist-err", result)
    assert len(cvr["CVR"]) == len(made("nist-cvr-audit", result)["CVR"]) == len(records)
    assert ("OtherCounts" in err["Election"][0]["Contest"][0]) == (len(contests) == 1)


def test_memory_does_not_grow_with_the_votes() -> None:
    """What is written is many times what is in memory meanwhile."""

    class Many:
        def __init__(self, many: int) -> None:
            self.many = many

        def __iter__(self) -> Iterator[Record]:
            return random_records(random.Random(1), blank, self.many)

    blank = collect.before(running.run(boards.campaign(), bytes(32)), OPENS_MS)
    write = report.kinds()["nist-cvr-audit"].write

    tracemalloc.start()
    written = sum(map(len, write(replace(blank, records=Many(4000), sources={"sim": "sms"}), Options())))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < written / 8


async def test_records_are_read_from_a_file_again_and_again(house: House) -> None:
    async with house.service() as counting:
        votes_ = [Inbound(f"m{n}", f"138{n:08d}", "A01") for n in range(50)]
        await counting.take(counting.sources["sim"], votes_)
    async with result_of(house) as result:
        first = [one.id for one in result.records]
        assert (first, len(first)) == ([one.id for one in result.records], 50)
        assert result.stage == "unofficial-partial"
        assert result.voters == 50
        assert sum(hour.received for hour in result.hours) == 50


async def test_the_hours_have_what_was_erased_too(house: House) -> None:
    async with house.service() as counting:
        votes_ = [Inbound(f"m{n}", f"138{n:08d}", "A01" if n % 2 else "?") for n in range(6)]
        await counting.take(counting.sources["sim"], votes_)
        campaign = counting.campaigns["beita-2018"]
        for gone in (0, 1, 3):
            number = f"138{gone:08d}"
            assert await counting.eraser.number(campaign, number, "chair", "caller_asked", now=True) == 1
    async with result_of(house) as result:
        assert [(hour.channel, hour.received, hour.counted) for hour in result.hours] == [
            (None, 3, 2),
            ("sms", 3, 1),
        ]
        hours = b"".join(report.kinds()["hours"].write(result, Options())).decode()
    assert [row.split(",")[1:] for row in hours.splitlines()[1:]] == [["erased", "3", "2"], ["sms", "3", "1"]]
