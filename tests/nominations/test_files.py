"""Photos and documents: known by their bytes, without metadata, kept and handed out safely."""

import asyncio
import hashlib
import io
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from gateway.nominations import papers, pictures
from gateway.nominations.papers import NoPaper
from gateway.nominations.pictures import NoPicture
from tests.cli.commands import call
from tests.conftest import House
from tests.nominations.papers import (
    CAMPAIGN,
    STARS,
    before,
    chunk,
    clerk,
    endorsed,
    entered,
    hand_in,
    png,
)

GPS = b"GPS-31.2304N-121.4737E"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def jpeg(orientation: int = 6, progressive: bool = False, size: tuple[int, int] = (320, 240)) -> bytes:
    """A JPEG as a telephone writes it: with position, maker's notes, a comment, and more behind its end."""
    image = Image.radial_gradient("L").resize(size).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = GPS.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 13.0, 49.4), 3: "E", 4: (121.0, 28.0, 25.3)})
    held = io.BytesIO()
    image.save(
        held,
        "JPEG",
        exif=exif,
        comment=GPS,
        progressive=progressive,
        icc_profile=b"icc" + GPS,
        restart_marker_rows=1,
    )
    data = held.getvalue()
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + GPS
    segment = b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp
    return data[:2] + segment + data[2:] + b"MotionPhoto" + GPS


def pixels(data: bytes) -> bytes:
    opened = Image.open(io.BytesIO(data))
    return bytes(opened.convert("RGB").tobytes())


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photo_keeps_its_pixels_and_loses_what_the_camera_wrote(
    orientation: int, progressive: bool
) -> None:
    data = jpeg(orientation, progressive)
    assert data.count(GPS) == 5, "what is to be taken out is there"
    clean = pictures.clean(data)
    assert GPS not in clean.content
    assert b"MotionPhoto" not in clean.content
    assert pixels(clean.content) == pixels(data)
    exif = Image.open(io.BytesIO(clean.content)).getexif()
    assert dict(exif) == ({} if orientation == 1 else {0x0112: orientation})
    assert not exif.get_ifd(0x8825)
    assert (clean.media, clean.width, clean.height) == ("image/jpeg", 320, 240)
    assert pictures.clean(clean.content).content == clean.content


def test_a_png_keeps_its_pixels_and_loses_its_texts() -> None:
    kinds = (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"iCCP", b"prVt")
    data = png(extra=b"".join(chunk(kind, b"a\0" + GPS) for kind in kinds)) + b"PK\x03\x04" + GPS
    clean = pictures.clean(data)
    assert data.count(GPS) == len(kinds) + 1
    assert GPS not in clean.content
    assert clean.content == png()
    assert pixels(clean.content) == pixels(png())


def _broken() -> dict[str, tuple[bytes, str]]:
    good = jpeg()
    return {
        "no picture": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "picture_kind"),
        "html with a magic": (b"\xff\xd8\xff<script>alert(1)</script>", "picture_damaged"),
        "a gif": (b"GIF89a" + b"\0" * 100, "picture_kind"),
        "half a jpeg": (good[: len(good) // 2], "picture_damaged"),
        "a jpeg's head": (good[:4], "picture_damaged"),
        "half a png": (png()[:100], "picture_damaged"),
        "a png whose sum is wrong": (png().replace(b"IDAT", b"IDAU"), "picture_damaged"),
        "a png that says it is huge": (png(9_000, 300), "picture_wide"),
        "an icon": (png(16, 16), "picture_small"),
        "too large": (png() + b"\0" * pictures.MOST_BYTES, "picture_large"),
    }


BROKEN = _broken()


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_photo_is_refused(name: str) -> None:
    data, word = BROKEN[name]
    with pytest.raises(NoPicture, match=f"^{word}$"):
        pictures.clean(data)


def test_any_photo_cut_anywhere_is_refused_or_clean() -> None:
    """No cut makes the reader fail in any other way, or lets through what stood behind the cut."""
    data = jpeg()
    for cut in range(0, len(data), max(1, len(data) // 400)):
        for torn in (data[:cut], data[:cut] + b"\xff\xff" + data[cut + 1 :]):
            try:
                assert GPS not in pictures.clean(torn).content
            except NoPicture:
                continue


def word_file(*names: str, size: int = 10) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"\0" * size)
    return held.getvalue()


WORD = word_file("[Content_Types].xml", "word/document.xml")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"MZ\x90\0", "paper_kind"),
        (b"<html>%PDF-", "paper_kind"),
        (b"%PDF-1.4 torn", "paper_damaged"),
        (WORD[:60], "paper_damaged"),
        (word_file("a.txt"), "paper_kind"),
        (word_file("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "paper_macros"),
        (word_file("[Content_Types].xml", "word/document.xml", size=80 << 20), "paper_large"),
        (b"%PDF-" + b"\0" * papers.MOST_BYTES + b"%%EOF", "paper_large"),
    ],
    ids=["a program", "a page", "half a PDF", "half a zip", "any zip", "macros", "a bomb", "too large"],
)
def test_what_is_no_document_is_refused(data: bytes, word: str) -> None:
    with pytest.raises(NoPaper, match=f"^{word}$"):
        papers.media(data)


async def test_files_over_a_server(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang, STARS, name="示例01", unit="社保窗口（示例）")
        photo, paper = f"{one}/files/1", f"{one}/files/2"
        name = "../../etc/<script>.jpg"
        assert (await hand_in(wang, f"{one}/files", jpeg(), name, kind="portrait")).status == 303
        assert (await hand_in(wang, f"{one}/files", PDF, "盖章.pdf", kind="paper")).status == 303
        page = (await wang.get(one)).text
        assert "<script>" not in page.partition("</head>")[2]
        assert "盖章.pdf" in page

        cookie = {"Cookie": f"televote-plain={wang.token}"}
        for path, media, how in ((photo, "image/jpeg", "inline"), (paper, "application/pdf", "attachment")):
            async with visitor.session.get(visitor.server.url + path, headers=cookie) as response:
                body = await response.read()
                told = response.headers
            assert told["Content-Type"] == media
            assert told["X-Content-Type-Options"] == "nosniff"
            assert told["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert told["Content-Disposition"].startswith(f'{how}; filename="star-1-')
            assert told["Cache-Control"] == "no-store"
            assert GPS not in body
            assert (await visitor.get(path))[0] in (200, 401), "whoever is not signed in is sent away"
            async with visitor.session.get(visitor.server.url + path, allow_redirects=False) as refused:
                assert refused.status in (303, 401)
        assert body == PDF

        kept = house.folder / "nominations" / CAMPAIGN
        assert {file.name for file in kept.iterdir()} == {
            hashlib.sha256(PDF).hexdigest(),
            hashlib.sha256(pictures.clean(jpeg_of(kept, PDF)).content).hexdigest(),
        }
        assert kept.stat().st_mode & 0o077 == 0
        assert all(file.stat().st_mode & 0o077 == 0 for file in kept.iterdir())
        assert PDF not in (kept / hashlib.sha256(PDF).hexdigest()).read_bytes(), "papers are sealed"

        public = f"/campaigns/{CAMPAIGN}/candidates/star/B01"
        assert (await visitor.get(f"{public}/photo"))[0] == 404, "not before it is approved"
        await endorsed(wang, one)
        async with visitor.session.get(f"{visitor.server.url}{public}/photo") as response:
            assert response.status == 200
            assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Content-Disposition"] == 'inline; filename="B01.jpg"'
            tag = {"If-None-Match": response.headers["ETag"]}
            shown = await response.read()
        assert GPS not in shown
        assert Image.open(io.BytesIO(shown)).size == (320, 240)
        async with visitor.session.get(f"{visitor.server.url}{public}/photo", headers=tag) as response:
            assert response.status == 304
        assert f'src="{public}/photo"' in (await visitor.get(public))[1]

        assert (await wang.post(f"{photo}/remove")).status == 303
        assert (await visitor.get(f"{public}/photo"))[0] == 404
        assert len(list(kept.iterdir())) == 1, "what was deleted is gone from the disk"
        assert (await wang.get(photo)).status == 404


def jpeg_of(kept: Path, other: bytes) -> bytes:
    """The photo among two files."""
    (name,) = {file.name for file in kept.iterdir()} - {hashlib.sha256(other).hexdigest()}
    return (kept / name).read_bytes()


async def test_refusals_over_a_server(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang)
        for kind, data, said in (
            ("portrait", PDF, "不是可用的照片"),
            ("paper", b"MZ", "只收 PDF"),
            ("portrait", png(16, 16), "照片太小"),
            ("other", png(), "没有这个文件"),
        ):
            answer = await hand_in(wang, f"{one}/files?lang=zh", data, "a.jpg", kind=kind)
            assert answer.status == 409, kind
            assert said in answer.text
        assert (await hand_in(wang, f"{one}/files", b"\0" * (20 << 20), "a.jpg", kind="paper")).status == 413
        assert not (house.folder / "nominations").exists()


async def test_a_file_that_was_changed_on_the_disk_is_not_handed_out(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang)
        await hand_in(wang, f"{one}/files", png(), "a.png", kind="portrait")
        (file,) = (house.folder / "nominations" / CAMPAIGN).iterdir()
        file.write_bytes(b"<script>alert(1)</script>")
        assert (await wang.get(f"{one}/files/1")).status == 404


async def test_a_backup_has_the_files(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang)
        await hand_in(wang, f"{one}/files", PDF, "a.pdf", kind="paper")
        backup = house.folder.parent / "backup"
        told = await asyncio.to_thread(call, "backup", backup, settings=house.settings)
        assert told.code == 0, told.err
    kept, copied = (folder / "nominations" / CAMPAIGN for folder in (house.folder, backup))
    assert {file.name: file.read_bytes() for file in copied.iterdir()} == {
        file.name: file.read_bytes() for file in kept.iterdir()
    }


async def test_another_candidate_of_that_code_does_not_get_the_photo(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang, STARS, name="别人", summary="别人的简介")
        await hand_in(wang, f"{one}/files", png(), "a.png", kind="portrait")
        await endorsed(wang, one)
        public = f"/campaigns/{CAMPAIGN}/candidates/star/B01"
        status, page = await visitor.get(f"{public}?lang=zh")
        assert status == 200
        assert "示例01" in page, "the campaign file says who B01 is"
        assert "别人" not in page
        assert (await visitor.get(f"{public}/photo"))[0] == 404
