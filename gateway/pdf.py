"""Sets HTML as PDF: the one place that knows WeasyPrint, which runs in a process of its own.

Nothing is fetched while a page is set: not from the network, and not from the disk. One font is used, which
must have Chinese letters, and is embedded. `python -m gateway.pdf FONT NICENESS` reads HTML and writes PDF.
"""

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from config.wording import Said

#: Fonts with Chinese letters as distributions call their files, the most readable in print first.
_KNOWN: Final = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "uming.ttc",
    "DroidSansFallbackFull.ttf",
    "msyh.ttc",
    "simhei.ttf",
    "PingFang.ttc",
)
_FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "C:/Windows/Fonts")
#: Letters that a font for this must have.
_NEEDED: Final = "投票结果公示评选组委会编号热线"
_SECONDS: Final = 120
#: A font that has no bold face is made bold, as fontconfig's own rules would have it.
_BOLD: Final = """<match target="font">
  <test name="weight" compare="less_eq"><const>medium</const></test>
  <test target="pattern" name="weight" compare="more"><const>medium</const></test>
  <edit name="embolden" mode="assign"><bool>true</bool></edit>
  <edit name="weight" mode="assign"><const>bold</const></edit>
</match>
"""
#: How the process ends that finds nothing to set with.
_NO_LIBRARY: Final = 3
#: Below everything that serves votes.
_NICENESS: Final = 10

NO_LIBRARY: Final = Said(
    "无法生成 PDF：请安装 televote[pdf] 和 Pango（Debian：libpango-1.0-0 libpangoft2-1.0-0 "
    "libharfbuzz-subset0）",
    "no PDF can be made: install televote[pdf], and Pango (Debian: libpango-1.0-0 libpangoft2-1.0-0 "
    "libharfbuzz-subset0)",
)
NO_FONT: Final = Said(
    "无法生成 PDF：没有中文字体。请安装字体（Debian：fonts-wqy-microhei），或在设置中用 pdf_font 写明",
    "no PDF can be made: there is no font with Chinese letters. Install one (Debian: fonts-wqy-microhei), or "
    "name its file as pdf_font in the settings",
)
BAD_FONT: Final = Said(
    "无法生成 PDF：pdf_font 所写的字体文件无法读取，或不含中文字",
    "no PDF can be made: the font file named as pdf_font cannot be read, or has no Chinese letters",
)
_SLOW: Final = Said(
    "PDF 未生成：超过 {seconds} 秒", "the PDF was not made: it took longer than {seconds} seconds"
)
_BROKEN: Final = Said("PDF 未生成：{why}", "the PDF was not made: {why}")


class NoPdf(RuntimeError):
    """A PDF cannot be made: why, and what to do, in both languages."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.en)
        self.said = said


def font(named: str = "") -> Path:
    """The font to set with: the file that is named, or one that is known. Raises `NoPdf`.

    It reads files, and takes a moment: in a server, ask in a thread. WeasyPrint itself is loaded by the
    process that sets, and nowhere else.
    """
    if find_spec("weasyprint") is None:
        raise NoPdf(NO_LIBRARY)
    if named:
        if not _is_chinese(Path(named)):
            raise NoPdf(BAD_FONT)
        return Path(named)
    for path in _installed():
        if _is_chinese(path):
            return path
    raise NoPdf(NO_FONT)


@lru_cache(maxsize=8)
def lack(named: str = "") -> Said | None:
    """Why no PDF can be made here, None if one can. Looked up once."""
    try:
        font(named)
    except NoPdf as error:
        return error.said
    return None


def _installed() -> Iterator[Path]:
    """The known fonts that are here, the best first."""
    here = {path.name: path for folder in _FOLDERS for path in sorted(Path(folder).rglob("*.[to]t[cf]"))}
    return (here[name] for name in _KNOWN if name in here)


def _is_chinese(path: Path) -> bool:
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(path, fontNumber=0, lazy=True) as face:
            letters = face.getBestCmap() or {}
    except (OSError, TTLibError):
        return False
    return all(ord(letter) in letters for letter in _NEEDED)


async def set_pages(html: bytes, face: Path, *, gently: bool = False) -> bytes:
    """The HTML as a PDF; `gently`, where votes come in meanwhile. Raises `NoPdf`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.pdf", str(face), str(_NICENESS if gently else 0)),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            made, said = await process.communicate(html)
    except TimeoutError:
        raise NoPdf(_said(_SLOW, seconds=_SECONDS)) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == _NO_LIBRARY:
        raise NoPdf(NO_LIBRARY)
    if process.returncode:
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise NoPdf(_said(_BROKEN, why=last or f"exit code {process.returncode}"))
    return made


def _said(said: Said, **values: object) -> Said:
    return Said(said.zh.format(**values), said.en.format(**values))


def _main(face: Path, niceness: int) -> None:
    """Read HTML, write PDF; only this font is known."""
    os.nice(niceness)
    with tempfile.TemporaryDirectory(prefix="televote-pdf-") as folder:
        _know_only(face, Path(folder))
        try:
            import weasyprint
            from weasyprint.urls import URLFetcher
        except (ImportError, OSError):  # OSError: it is there, and Pango is not
            sys.exit(_NO_LIBRARY)

        nothing = URLFetcher(allowed_protocols=["data"], allow_redirects=False)
        page = weasyprint.HTML(string=sys.stdin.buffer.read().decode(), url_fetcher=nothing, base_url=None)
        sys.stdout.buffer.write(page.write_pdf(pdf_tags=True))


def _know_only(face: Path, folder: Path) -> None:
    """Have fontconfig find this font, whatever it is asked for."""
    (folder / "fonts").mkdir()
    (folder / "fonts" / face.name).symlink_to(face.resolve())
    (folder / "fonts.conf").write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n'
        f"<dir>{escape(str(folder / 'fonts'))}</dir>\n"
        f"<cachedir>{escape(str(folder))}</cachedir>\n{_BOLD}</fontconfig>\n",
        "utf-8",
    )
    os.environ["FONTCONFIG_FILE"] = str(folder / "fonts.conf")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
