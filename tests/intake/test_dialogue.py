"""The keypad vote as one script: what is said at each step, and with what a call ends."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import load
from config.problems import Problems
from config.voice import WORDS
from gateway.intake import dialogue, running
from gateway.intake.dialogue import Cue, End, Listen, Piece, Step
from gateway.intake.script import CampaignScript
from tally.outcome import MessageOutcome, Selection
from tests.conftest import CLOSES_MS, OPENS_MS, House

NOW = OPENS_MS + 3_600_000
CALLER = "13812345678"


def script(house: House, voice: str = "", lang: str = "zh", **edits: str) -> CampaignScript:
    """The sample's script, some of the campaign's lines changed and prompts added."""
    for old, new in edits.items():
        house.edit(house.campaign, {"withdrawn": '{ code = "A02",', "pending": '["unknown_code"]'}[old], new)
    if voice:
        house.edit(house.campaign, "[numbers]", f"{voice}\n[numbers]")
    campaign = load.campaign(house.campaign)
    one = running.run(campaign, bytes(32))
    return CampaignScript(one, campaign.caller.numbering(), "en" if lang == "en" else "zh")


def said(step: Listen | End) -> str:
    assert isinstance(step, Listen)
    return "".join(piece.what for piece in step.pieces)


def word(cue: str) -> str:
    return WORDS[cue].zh


def test_a_whole_call(house: House) -> None:
    own = script(house)
    greeted = dialogue.advance(own, dialogue.START, "", CALLER, NOW)
    assert isinstance(greeted, Listen)
    assert said(greeted) == "欢迎参加最美服务窗口和最美服务明星评选投票。" + word("ask")
    assert (greeted.step, greeted.one_key) == (Step("code"), False)
    read_back = dialogue.advance(own, greeted.step, "101", CALLER, NOW)
    assert isinstance(read_back, Listen)
    name = load.campaign(house.campaign).candidate("window", "A01").name
    assert said(read_back) == word("confirm").replace("{candidate}", name)
    assert (read_back.step, read_back.one_key) == (Step("confirm", 0, "101"), True)
    end = dialogue.advance(own, read_back.step, "1", CALLER, NOW)
    assert end == End("101")
    assert isinstance(end, End)
    assert dialogue.last_words(own, end, MessageOutcome.COUNTED) == (
        Piece("say", word("counted").replace("{candidate}", name)),
    )


def test_a_call_votes_with_what_was_confirmed_and_with_nothing_else(house: House) -> None:
    own, ends = script(house), set[tuple[bool, str]]()
    for presses in product(("101", "1", "2", ""), repeat=4):
        came = dialogue.advance(own, dialogue.START, "", CALLER, NOW)
        for pressed in presses:
            if isinstance(came, Listen):
                confirmed = came.step.at == "confirm" and pressed == "1"
                came = dialogue.advance(own, came.step, pressed, CALLER, NOW)
                if isinstance(came, End):
                    ends.add((confirmed, came.keys))
    assert ends == {(True, "101"), (False, "")}


ASKED, TOLD = Step("code"), Step("confirm", 0, "101")
# name: (step, pressed, what is said, or with what the call ends, the step after it)
STEPS: dict[str, tuple[Step, str, str, Step | None]] = {
    "a code nobody has": (ASKED, "999", "unknown ask", Step("code", 1)),
    "nothing": (ASKED, "", "silence ask", Step("code", 1)),
    "nothing but signs": (ASKED, "*#", "silence ask", Step("code", 1)),
    "full-width digits": (ASKED, "１０１", "confirm", TOLD),
    "longer than any code": (ASKED, "0101", "unknown ask", Step("code", 1)),
    "a hash key left on": (ASKED, "101#", "confirm", TOLD),
    "a candidate of each contest": (ASKED, "101*202", "confirm", Step("confirm", 0, "101*202")),
    "two of a contest that takes one": (ASKED, "101*102", "wrong_count ask", Step("code", 1)),
    "letters": (ASKED, "<A01>", "unknown ask", Step("code", 1)),
    "after two failures": (Step("code", 2), "101", "confirm", Step("confirm", 2, "101")),
    "a third failure": (Step("code", 2), "999", "goodbye", None),
    "a third silence": (Step("code", 2), "", "goodbye", None),
    "choose again": (TOLD, "2", "ask", Step("code", 1)),
    "choose again too often": (TOLD._replace(failed=2), "2", "goodbye", None),
    "no confirmation": (TOLD, "", "confirm", Step("confirm", 1, "101")),
    "another key": (TOLD, "9", "confirm", Step("confirm", 1, "101")),
    "two keys": (TOLD, "11", "confirm", Step("confirm", 1, "101")),
    "no confirmation, too often": (TOLD._replace(failed=2), "", "goodbye", None),
    "what waits is nobody": (Step("confirm", 0, "999"), "1", "silence ask", Step("code", 1)),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step(house: House, name: str) -> None:
    step, pressed, cues, after = STEPS[name]
    came = dialogue.advance(script(house), step, pressed, CALLER, NOW)
    if isinstance(came, End):
        assert (came, after) == (End(cue=Cue(cues)), None)
        return
    assert came.step == after
    bare = [WORDS[cue].zh.split("{")[0] for cue in cues.split()]
    assert [piece.what[: len(one)] for piece, one in zip(came.pieces, bare, strict=True)] == bare


@pytest.mark.parametrize(
    ("caller", "at_ms", "cue"),
    [
        (CALLER, OPENS_MS - 1, Cue.EARLY),
        (CALLER, OPENS_MS, None),
        (CALLER, CLOSES_MS - 1, None),
        (CALLER, CLOSES_MS, Cue.LATE),
        ("", NOW, Cue.WITHHELD),
        ("anonymous", NOW, Cue.WITHHELD),
        ("+86282452253", NOW, Cue.WITHHELD),
        ("not a number", NOW, None),
        ("", OPENS_MS - 1, Cue.EARLY),
    ],
)
def test_who_is_turned_away(house: House, caller: str, at_ms: int, cue: Cue | None) -> None:
    came = dialogue.advance(script(house), dialogue.START, "", caller, at_ms)
    assert came == End(cue=cue) if cue else isinstance(came, Listen)


def test_a_withheld_caller_may_try_if_a_person_rules(house: House) -> None:
    own = script(house, pending='["unknown_code", "withheld_caller"]')
    assert isinstance(dialogue.advance(own, dialogue.START, "", "", NOW), Listen)


def test_a_code_entered_after_the_close_is_late_and_a_key_1_is_for_the_record_to_judge(house: House) -> None:
    own = script(house)
    assert dialogue.advance(own, ASKED, "101", CALLER, CLOSES_MS) == End(cue=Cue.LATE)
    assert dialogue.advance(own, TOLD, "1", CALLER, CLOSES_MS) == End("101")


def test_a_withdrawn_candidate_is_told_at_once(house: House) -> None:
    came = dialogue.advance(
        script(house, withdrawn='{ code = "A02", withdrawn = true,'), ASKED, "102", CALLER, NOW
    )
    assert said(came) == word("withdrawn") + word("ask")


@pytest.mark.parametrize(
    ("outcome", "cue"),
    [
        ("counted", "counted"),
        ("repeat", "repeat"),
        ("early", "early"),
        ("late", "late"),
        ("withheld_caller", "withheld"),
        *(
            (one, "recorded")
            for one in ("no_code", "unknown_code", "invalid_caller", "barred_caller", "test")
        ),
    ],
)
def test_the_outcome_has_the_last_word(house: House, outcome: str, cue: str) -> None:
    (piece,) = dialogue.last_words(script(house), dialogue.HUNG_UP, MessageOutcome(outcome))
    assert piece == Piece("say", word(cue).replace("{candidate}", ""))


def test_prompts_are_in_the_campaigns_words(house: House) -> None:
    own = script(
        house,
        '[voice.zh]\nask = "请按号码。"\n'
        'confirm = ["play:v/you", "play:v/{code}", "{contest}的{candidate}（{code}）", "play:v/press"]\n'
        '[voice.en]\nask = "Dial."\n',
    )
    assert own.prompt(Cue.ASK) == (Piece("say", "请按号码。"),)
    two = (Selection("window", "A01"), Selection("star", "B02"))
    how = [(piece.how, piece.what) for piece in own.prompt(Cue.CONFIRM, two)]
    assert how[:3] == [("play", "v/you"), ("play", "v/A01"), ("play", "v/B02")]
    assert how[4:] == [("play", "v/press")]
    campaign = load.campaign(house.campaign)
    names = [campaign.candidate(*one).name for one in two]
    assert how[3] == ("say", f"最美服务窗口、最美服务明星的{names[0]}、{names[1]}（A01、B02）")
    with pytest.raises(dialogue.Unspeakable):
        dialogue.require_recordings(own)


def test_the_other_language(house: House) -> None:
    own = script(house, lang="en")
    assert said(dialogue.advance(own, ASKED, "999", CALLER, NOW)) == WORDS["unknown"].en + WORDS["ask"].en


def test_prompts_that_are_all_played_can_be_told(house: House) -> None:
    own = script(house, "[voice.zh]\n" + "\n".join(f'{cue} = "play:v/{cue}"' for cue in WORDS))
    dialogue.require_recordings(own)


def test_every_prompt_has_words_and_a_cue() -> None:
    assert set(WORDS) == set(Cue)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ('greting = "x"', "is not the name of a prompt"),
        ('ask = "play:a b"', "is not a recording that can be played"),
        ('ask = "play:录音"', "is not a recording that can be played"),
        ('ask = "play:{candidate}"', "is not a recording that can be played"),
        ('ask = "{name}"', "has braces around something else than a placeholder"),
        ("ask = []", "has too few entries"),
        ("ask = 1", "is not a list"),
    ],
)
def test_a_prompt_that_is_none_is_told(house: House, line: str, wrong: str) -> None:
    house.edit(house.campaign, "[numbers]", f"[voice.zh]\n{line}\n[numbers]")
    with pytest.raises(Problems, match=wrong):
        load.campaign(house.campaign)


def test_prompts_change_the_rules_hash_only_where_they_stand(house: House) -> None:
    before = load.campaign(house.campaign).rules_hash
    house.edit(house.campaign, "[numbers]", "[voice.zh]\n[numbers]")
    assert load.campaign(house.campaign).rules_hash == before
    house.edit(house.campaign, "[voice.zh]", '[voice.zh]\nask = "x"')
    assert load.campaign(house.campaign).rules_hash != before


@given(
    st.sampled_from([Step("code"), Step("code", 2), Step("confirm", 1, "101*202"), Step("confirm", 0, "")])
)
def test_a_step_survives_its_writing(step: Step) -> None:
    assert dialogue.parse(dialogue.written(step)) == step


@given(st.text() | st.from_regex(r"(code|confirm|start)-[0-9٣]*-[0-9*]*"))
def test_any_text_is_some_step(text: str) -> None:
    step = dialogue.parse(text)
    assert step == dialogue.START or dialogue.written(step) == text
