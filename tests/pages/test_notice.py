"""The public notice as documents: what offices print and send is what the page says."""

import io
import re

import docx
import pypdf
import pytest

from config.problems import Lang
from gateway.documents import paper
from gateway.people.roles import Role
from gateway.result import notice
from tests.conftest import House, Staff
from tests.panel.panels import CAMPAIGN, arrange

DRAFT = f"/committee/{CAMPAIGN}/notice"


async def taken(staff: Staff, kind: str, lang: Lang) -> bytes:
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in staff.cookies.items())}
    url = f"{staff.visitor.server.url}{DRAFT}?as={kind}&lang={lang}"
    async with staff.visitor.session.get(url, headers=cookie) as response:
        assert response.status == 200
        named = response.headers["Content-Disposition"]
        assert re.fullmatch(rf'attachment; filename="notice-{CAMPAIGN}-1-\w\w\.{kind}"', named)
        return await response.read()


def of_word(made: bytes) -> str:
    read = docx.Document(io.BytesIO(made))
    cells = [cell.text for table in read.tables for row in table.rows for cell in row.cells]
    return "".join([*(one.text for one in read.paragraphs), *cells])


def of_pdf(made: bytes) -> str:
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages)


@pytest.mark.parametrize(("kind", "text_of"), [("docx", of_word), ("pdf", of_pdf)])
async def test_a_document_says_what_the_page_says(house: House, kind: str, text_of: object) -> None:
    arrange(house, "")
    async with house.serve() as visitor:
        assert await visitor.kannel("13812345678", "A01 B02", "m1") == 200
        staff = await visitor.sign_in(Role.COMMITTEE, "wang")
        page = re.sub(r"\s+", "", re.sub(r"<[^>]*>", "", (await staff.get(DRAFT)).text))
        assert callable(text_of)
        text = re.sub(r"\s+", "", text_of(await taken(staff, kind, "zh")))
        for said in (
            "公示",
            "A01",
            "社保窗口（示例）",
            "区人社局（示例）",
            "北塔区最美服务评选组委会（示例）",
        ):
            assert said in page
            assert said in text


def test_what_others_wrote_is_text_on_paper() -> None:
    said = "<b>&"
    row = notice.Listed(1, said, said, said)
    document = notice.Document(
        said, [said], [notice.Section(said, [row])], [said], [(said, said)], said, said, (said,) * 4
    )
    assert b"<b>" not in paper.notice(document, "zh")
