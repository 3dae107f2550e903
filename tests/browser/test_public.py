"""What everybody may see can be read by all: on a telephone, in both languages, and with a withdrawal."""

import pytest

from config.problems import Lang
from tests.browser.conftest import Window, flaws, picture
from tests.conftest import House

CAMPAIGN = "beita-2018"
PAGES = ["/", f"/campaigns/{CAMPAIGN}", f"/vote/{CAMPAIGN}", "/signin"]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", PAGES)
async def test_every_public_page(house: House, window: Window, path: str, width: int, lang: Lang) -> None:
    house.edit(house.campaign, 'code = "A11",', 'code = "A11", withdrawn = true,')
    async with house.serve() as visitor:
        assert await visitor.vote("13812345678", "A01", "m1") == 200
        await visitor.server.board.refresh()
        page = await window.visit(visitor.server.url, f"{path}?lang={lang}", width=width)
        await picture(page, f"public{path.replace('/', '-')}-{lang}-{width}")
        assert await flaws(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await window.leave()
