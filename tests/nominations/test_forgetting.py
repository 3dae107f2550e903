"""Once the time to keep it is over, only what everybody may see is left of nominations, on every node."""

import hashlib
import shutil

from gateway.nominations import forgetting
from tests.conftest import OPENS_MS, House
from tests.gateway.test_erasure import CLOSED_MS, DAY, traces
from tests.nominations.papers import (
    CAMPAIGN,
    DEEDS,
    LIST,
    PHONE,
    STAR,
    STARS,
    before,
    clerk,
    endorsed,
    entered,
    hand_in,
    png,
)
from tests.nominations.test_files import PDF

ENGINES = ("sqlite", "postgresql")
PUBLIC = f"/campaigns/{CAMPAIGN}/candidates/star/B01"
NOTE = "该同志家庭困难"
PHOTOS = {width: png(width) for width in (240, 260, 280)}
PRIVATE = [
    DEEDS[:60],
    NOTE,
    "王五",
    "家里有事",
    "盖章的申报表",
    "不在名单",
    STAR["post"],
    "早先的简介",
    "早先的名字",
]


async def test_after_the_retention_only_what_is_public_is_left(house: House) -> None:
    house.edit(house.campaign, "\n[numbers]", '\nretention = "720h"\n\n[numbers]')
    files = house.folder / "nominations" / CAMPAIGN
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang, STARS, name="早先的名字", unit="社保窗口（示例）", summary="早先的简介")
        own = {"name": "示例01", "unit": "社保窗口（示例）", "name_en": "Sample 1"}
        assert (await wang.post(one, **{**STAR, **own})).status == 303
        other = await entered(wang, STARS, name="王五", unit="不在名单")
        for path, kind, content, name in (
            (one, "portrait", PHOTOS[240], "照片.png"),
            (one, "photo", PHOTOS[260], "其他.png"),
            (one, "paper", PDF, "盖章的申报表.pdf"),
            (other, "portrait", PHOTOS[280], "王五.png"),
        ):
            assert (await hand_in(wang, f"{path}/files", content, name, kind=kind)).status == 303
        await endorsed(wang, one, note=NOTE)
        assert (await wang.post(f"{other}/withdraw", act="withdraw", reason="家里有事")).status == 303
        shown = (await visitor.get(PUBLIC))[1]
        assert STAR["summary"] in shown
    elsewhere = house.folder.parent / "elsewhere"
    shutil.copytree(files, elsewhere / "nominations" / CAMPAIGN)
    house.clock.ms = OPENS_MS
    async with house.serve() as visitor:
        service = visitor.service
        house.clock.ms = CLOSED_MS
        await service.schedule.tick()
        house.clock.ms = CLOSED_MS + 30 * DAY - 1
        await service.eraser.tick()
        wang = await clerk(visitor)
        assert PHONE in (await wang.get(one)).text, "not yet"
        house.clock.ms += 1
        await service.eraser.tick()
        await service.eraser.tick()
        assert {file.name for file in files.iterdir()} == {hashlib.sha256(PHOTOS[240]).hexdigest()}
        page = (await wang.get(f"{one}?lang=zh")).text
        assert "只保留公开的内容" in page
        assert STAR["summary"] in page
        assert "示例01" in page
        assert "已不完整" not in page
        listed = [(await wang.get(path)).text for path in (one, other, LIST, STARS)]
        assert [word for word in (PHONE, *PRIVATE) for text in listed if word in text] == []
        assert (await visitor.get(PUBLIC))[1] == shown
        async with visitor.session.get(f"{visitor.server.url}{PUBLIC}/photo") as photo:
            assert await photo.read() == PHOTOS[240]
        running = service.campaigns[CAMPAIGN]
        assert await forgetting.forget(service.store, elsewhere, running, "system", house.clock.ms) == 0
    assert len(list((elsewhere / "nominations" / CAMPAIGN).iterdir())) == 1, "each node has files of its own"
    assert traces(house, [word.encode() for word in PRIVATE]) == []
    async with house.serve() as visitor:
        assert (await visitor.get(PUBLIC))[1] == shown
