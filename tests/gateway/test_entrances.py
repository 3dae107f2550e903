"""No source is open to anyone: what a kind does not prove itself, a path token or an address list must."""

import pytest

from config.problems import Problems
from gateway import entrances
from tests.conftest import House

ANYONE = "anyone could send votes"
SEEN = "would fit any other"
NETWORK = 'allow_from = ["192.0.2.0/24"]'
TOKEN = 'token = "0123456789abcdef"'
HUAWEI_KEYS = 'options = { access_keys = ["ak"], secrets = ["sk"] }'
PHONE = 'options = { secrets = ["secret"] }'


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        ("aliyun", "", ANYONE),
        ("aliyun", TOKEN, None),
        ("aliyun", NETWORK, None),
        ("huawei", "", ANYONE),
        ("huawei", TOKEN, None),
        ("huawei", NETWORK, None),
        ("huawei", HUAWEI_KEYS, None),
        ("huawei", HUAWEI_KEYS[:-2] + ", unsigned_body = true }", SEEN),
        ("huawei", HUAWEI_KEYS[:-2] + ", unsigned_body = true }\n" + TOKEN, None),
        ("smsgate", PHONE, None),
        ("smsforwarder", PHONE, SEEN),
        ("smsforwarder", f"{PHONE}\n{NETWORK}", SEEN),
        ("smsforwarder", f"{PHONE}\n{TOKEN}", None),
        ("httpsms", PHONE, SEEN),
        ("httpsms", f"{PHONE}\n{TOKEN}", None),
    ],
)
def test_what_is_not_proven_is_guarded(house: House, kind: str, settings: str, said: str | None) -> None:
    with house.settings.open("a", encoding="utf-8") as file:
        file.write(f'\n[sources.new]\nkind = "{kind}"\ncampaign = "beita-2018"\n{settings}\n')
    loaded = house.load()
    try:
        entrances.open_all(loaded, entrances.run_campaigns(loaded))
    except Problems as found:
        (problem,) = found.problems
        assert problem.key == "sources.new"
        assert said is not None, problem
        assert said in problem.wrong.en
    else:
        assert said is None


OUTBOX = """
[sources.new]
kind = "{source}"
campaign = "beita-2018"
token = "0123456789abcdef"
reply = {reply}
[sources.new.outbox]
kind = "{kind}"
options = {{ {options} }}
"""


@pytest.mark.parametrize(
    ("source", "kind", "options", "at", "said"),
    [
        ("tencent", "http", 'url = "https://sms.example.org/"', None, ""),
        ("gammu", "kannel", 'user = "vote", password = "x"', None, ""),
        (
            "tencent",
            "htpp",
            "",
            "sources.new.outbox.kind",
            "there is no such kind of sender: did you mean http?",
        ),
        ("tencent", "http", "", "sources.new.outbox.options.url", "is missing"),
        ("tencent", "twilio", "", "sources.new.outbox.options.account_sid", "is missing"),
        ("csv", "http", 'url = "https://sms.example.org/"', "sources.new.outbox", "an outbox is for SMS"),
    ],
)
def test_an_outbox_is_checked(
    house: House, source: str, kind: str, options: str, at: str | None, said: str
) -> None:
    with house.settings.open("a", encoding="utf-8") as file:
        file.write(OUTBOX.format(source=source, kind=kind, options=options, reply="true"))
        if source == "gammu":
            file.write('[sources.new.options]\ndatabase = "gammu.db"\n')
    loaded = house.load()
    if at is None:
        assert entrances.open_all(loaded, entrances.run_campaigns(loaded))["new"].outbox is not None
        return
    with pytest.raises(Problems) as found:
        entrances.open_all(loaded, entrances.run_campaigns(loaded))
    assert (at, said) in [(one.key, one.wrong.en[: len(said)]) for one in found.value.problems]


def test_an_outbox_of_a_source_that_answers_nobody_is_idle_and_told(house: House) -> None:
    with house.settings.open("a", encoding="utf-8") as file:
        options = 'url = "https://sms.example.org/"'
        file.write(OUTBOX.format(source="tencent", kind="http", options=options, reply="false"))
    loaded = house.load()
    (warning,) = loaded.warnings
    assert (warning.key, warning.wrong.en[:12]) == ("sources.new.outbox", "does nothing")
    assert entrances.open_all(loaded, entrances.run_campaigns(loaded))["new"].outbox is None


@pytest.mark.parametrize(
    ("kind", "keys", "told"),
    [
        ("asterisk-cdr", "", ["sources.new"]),
        ("asterisk-cdr", 'clock = "provider"', []),
        ("asterisk-cdr", 'clock = "provider"\nreply = true', ["sources.new.reply"]),
        ("standard", "reply = true", []),
        ("kannel", "", ["sources.new"]),
        ("kannel", 'clock = "arrival"', []),
        ("desk", "", ["sources.new"]),
        ("twilio", "", []),
    ],
)
def test_what_may_be_and_is_worth_a_second_look(house: House, kind: str, keys: str, told: list[str]) -> None:
    with house.settings.open("a", encoding="utf-8") as file:
        file.write(f'\n[sources.new]\nkind = "{kind}"\ncampaign = "beita-2018"\n{keys}\n')
    assert [(one.key, one.level) for one in entrances.remarks(house.load())] == [
        (key, "warning") for key in told
    ]


@pytest.mark.parametrize(
    ("kind", "keys", "clock"),
    [
        ("standard", 'options = { secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] }', "provider"),
        (
            "standard",
            'clock = "arrival"\noptions = { secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] }',
            "arrival",
        ),
        ("huawei", HUAWEI_KEYS, "provider"),
        ("huawei", TOKEN, "arrival"),
        ("huawei", HUAWEI_KEYS[:-2] + ", unsigned_body = true }\n" + TOKEN, "arrival"),
        ("kannel", TOKEN, "arrival"),
        ("kannel", f'clock = "provider"\n{TOKEN}', "provider"),
        ("aliyun", TOKEN, "arrival"),
        ("csv", 'options = { columns = { caller = "a", choice = "b", start = "c" } }', "arrival"),
    ],
)
def test_a_time_that_is_signed_decides(house: House, kind: str, keys: str, clock: str) -> None:
    with house.settings.open("a", encoding="utf-8") as file:
        file.write(f'\n[sources.new]\nkind = "{kind}"\ncampaign = "beita-2018"\n{keys}\n')
    loaded = house.load()
    assert entrances.open_all(loaded, entrances.run_campaigns(loaded))["new"].clock == clock


def test_a_kind_that_can_sign_is_told_what_it_lacks(house: House) -> None:
    with house.settings.open("a", encoding="utf-8") as file:
        file.write('\n[sources.new]\nkind = "huawei"\ncampaign = "beita-2018"\n')
    loaded = house.load()
    with pytest.raises(Problems) as found:
        entrances.open_all(loaded, entrances.run_campaigns(loaded))
    assert "options.secrets" in found.value.problems[0].right.en
