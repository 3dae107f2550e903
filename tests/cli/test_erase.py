"""`televote erase`, alone and beside a server."""

import pytest

from tests.cli.commands import CAMPAIGN, Home, minutes_ago

BY = ("--by", "chair", "--reason", "caller_asked")


def voted(home: Home) -> None:
    at = minutes_ago()
    log = home.log([f"1,13877766655,{at},A01", f"2,13877766655,{at},A02", f"3,13877766656,{at},A02"])
    assert home.call("import", "--source", "hotline", log).code == 0


def agrees(home: Home) -> bool:
    return home.call("verify").code == 0 and home.call("recount").code == 0


@pytest.mark.parametrize("served", [False, True], ids=["alone", "beside a server"])
def test_a_number_and_then_everybody(home: Home, served: bool) -> None:
    def erases() -> None:
        early = home.call("erase", "--number", "13877766655", *BY)
        assert early.code == 2
        assert "could vote again" in early.err
        assert home.call("close", "--by", "chair", "--reason", "a test", "--now").code == 0
        before = home.call("standings", "--json").json()["contests"]
        said = home.call("erase", CAMPAIGN, "--number", "138 7776 6655", *BY)
        assert said.out == f"erased: 2 messages of {CAMPAIGN}\n"
        assert home.call("erase", "--everybody", *BY).out == f"erased: 1 messages of {CAMPAIGN}\n"
        assert home.call("erase", "--everybody", *BY).out == f"erased: 0 messages of {CAMPAIGN}\n"
        assert home.call("erase", "--everybody", *BY, lang="zh").out == f"已删除 {CAMPAIGN} 的 0 条消息\n"
        again = home.call("erase", "--everybody", *BY, "--json")
        assert again.json() == {"campaign": CAMPAIGN, "erased": 0}
        assert home.call("standings", "--json").json()["contests"] == before
        assert agrees(home)

    voted(home)
    if served:
        with home.served():
            erases()
    else:
        erases()
    assert agrees(home)
    assert home.call("export", home.folder / "out").code == 0


WRONG = {
    "both": ("--number", "13877766655", "--everybody", *BY),
    "a reason of one's own": ("--everybody", "--by", "chair", "--reason", "13877766655"),
    "nobody does it": ("--everybody", "--reason", "caller_asked"),
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_what_is_refused(home: Home, words: tuple[str, ...]) -> None:
    assert home.call("erase", *words).code == 2
