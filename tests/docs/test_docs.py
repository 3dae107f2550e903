"""The documents name what there is, lead where they say, and their examples do what they say."""

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

import gateway
from config import load
from config.problems import Problems
from config.spreadsheet import workbook
from gateway import app, clock, described, entrances, manual, setup
from gateway.asking import siblings
from gateway.commands.base import COMMANDS, USAGE
from gateway.desk import handin
from gateway.intake import signatures
from gateway.intake.provider import ProviderKind, Refusal
from gateway.nominations import papers
from gateway.outbox import sender
from gateway.pages import nominations, reconcile
from tally import merkle
from tally.outcome import MessageOutcome, SelectionOutcome
from tests.conftest import House
from tests.docs import auditing
from tests.providers import runner
from tests.providers.rows import Table
from tests.providers.table_sns import CERTIFICATE

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The code blocks of one language in a document."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text(name), re.MULTILINE | re.DOTALL)


# ---- what there is, is named ----------------------------------------------------------------------


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_documented(command: str) -> None:
    assert f"`televote {command}`" in text("docs/administrator.md")


def test_every_folder_of_tests_is_told_of() -> None:
    told = set(re.findall(r"`tests/([a-z]+)`", text("docs/developer.md")))
    there = {one.name for one in (ROOT / "tests").iterdir() if one.is_dir() and one.name != "__pycache__"}
    assert told == there


@pytest.mark.parametrize("outcome", [*MessageOutcome, *SelectionOutcome])
def test_every_outcome_has_its_line_in_the_rules(outcome: str) -> None:
    assert f"\n| `{outcome}` |" in text("docs/rules.md")


@pytest.mark.parametrize("outcome", MessageOutcome)
def test_the_hotline_is_told_of_every_outcome(outcome: MessageOutcome) -> None:
    assert f"\n| `{outcome}` |" in text("docs/operator.md")


async def test_every_metric_is_documented_and_no_other(house: House) -> None:
    async with house.serve() as visitor:
        _, exposed = await visitor.get("/metrics", token=True)
    typed = re.findall(r"^# TYPE (\S+)", siblings.joined({"n1": exposed}).decode(), re.MULTILINE)
    offered = {name for name in typed if not name.endswith("_created")}
    documented = set(re.findall(r"^\| `(televote_\w+)` \|", text("docs/administrator.md"), re.MULTILINE))
    assert documented == offered
    used = set(re.findall(r"televote_[a-z_]+", text("deploy/televote-alerts.yml")))
    assert {name.removesuffix("_bucket") for name in used} <= offered


def test_every_reason_for_a_refusal_is_documented() -> None:
    source = "".join(path.read_text("utf-8") for path in ROOT.glob("gateway/**/*.py"))
    reasons = re.findall(r'\bRefus(?:ed|al)\(\d{3}, "(\w+)"\)', source)
    assert len(reasons) > 10
    reasons += [
        *get_args(signatures.Fault),
        *get_args(signatures.BasicFault),
        "unavailable",
        "busy",
        "stopping",
    ]
    told = text("docs/administrator.md")
    assert [reason for reason in reasons if f"`{reason}`" not in told] == []


def test_every_event_in_the_log_is_documented() -> None:
    source = "".join(path.read_text("utf-8") for path in ROOT.glob("gateway/**/*.py"))
    events = re.findall(r'(?:_log\.(?:debug|info|warning|error|exception)|Postponed)\(\s*"(\w+)"', source)
    assert len(events) > 5
    told = text("docs/administrator.md")
    assert [event for event in events if f"`{event}`" not in told] == []


@pytest.mark.parametrize("kind", sorted(entrances.kinds()))
def test_every_kind_of_source_says_all_of_itself(kind: str) -> None:
    told = described.described(entrances.kinds()[kind])
    assert f"\n| [`{kind}`](#{kind}) | {told.channel} | {told.by} |" in text("docs/sources.md")
    assert told.authentication
    assert told.configure
    assert [option.name for option in told.options if not (option.value and option.description)] == []


def test_what_the_kinds_say_of_themselves_is_in_the_document() -> None:
    written = manual.rewritten(text("docs/sources.md"), entrances.kinds(), sender.kinds())
    assert text("docs/sources.md") == written, "docs/sources.md is behind: run make docs"


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("## kannel\n", "there is no section ## kannel: write one"),
        ("<!-- kinds -->\n", "<!-- kinds --> and <!-- /kinds --> are not there"),
        ("<!-- /configure -->\n", "in the section ## 46elks, <!-- configure -->"),
        ("<!-- options -->\n", "in the section ### aliyun sender, <!-- options -->"),
    ],
)
def test_a_document_without_a_place_for_something_is_not_written(lost: str, told: str) -> None:
    without = text("docs/sources.md").replace(lost, "", 1)
    with pytest.raises(manual.Unmarked, match=f"^{re.escape(told)}"):
        manual.rewritten(without, entrances.kinds(), sender.kinds())


@pytest.mark.parametrize("kind", sorted(sender.kinds()))
def test_every_kind_of_sender_says_all_of_itself(kind: str) -> None:
    told = list(described.options(sender.kinds()[kind].options))
    assert [option.name for option in told if not (option.value and option.description)] == []


def test_the_read_me_begins_with_two_commands() -> None:
    recipes = re.findall(r"^(\w+):", text("Makefile"), re.MULTILINE)
    for target in ("run", "test", "demo"):
        assert f"make {target} " in text("README.md")
        assert target in recipes
    for command in re.findall(r"-m gateway ([\w-]+)", text("Makefile")):
        assert command in COMMANDS, f"the Makefile calls televote {command}"
    assert "<!-- bench -->" in text("README.md")
    assert "<!-- /bench -->" in text("README.md")


def test_the_changelog_has_this_version() -> None:
    assert f"\n## [{gateway.__version__}] - " in text("CHANGELOG.md")


# ---- what is named, is there ----------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """A document's headings, as links name them."""
    prose = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        there = path.parent / file if file else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_an_example_is_one(path: Path) -> None:
    prose = path.read_text("utf-8")
    lines = "\n".join(re.findall(r"^```(?:console|bash)\n(.*?)^```$", prose, re.MULTILINE | re.DOTALL))
    command = r"(?:^|[ /])televote(?: --(?:settings|lang) \S+)* ([a-z]+(?:-[a-z]+)*)\b"
    called = re.findall(command, lines, re.MULTILINE)
    in_containers = {"televote", "sh"}  # what follows an image's or a container's name
    assert set(called) - set(COMMANDS) <= in_containers
    for target in re.findall(r"\bmake ([a-z]+)\b", lines):
        assert f"\n{target}:" in text("Makefile")


def test_the_picture_is_there_and_small() -> None:
    picture = (ROOT / "docs/img/page.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) == 1280
    assert len(picture) < 300_000


def tracked() -> list[Path]:
    """The repository's files; where there is no git, whatever an archive of it holds."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        told = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return [path for name in told.split("\0") if name and (path := ROOT / name).is_file()]
    hidden = re.compile(r"/(\.[^/]*|__pycache__|var|dist)/")
    return [
        path for path in ROOT.rglob("*") if path.is_file() and not hidden.search(f"/{path.relative_to(ROOT)}")
    ]


#: Folders of somebody's machine, and registries that only some can reach. In parts, so as not to find itself.
_ELSEWHERE = re.compile(
    "|".join(
        (
            "/" + "work/",
            "/" + "root/",
            "/" + "home/",
            "/" + "Users/",
            "index-" + "url [^-]",
            "find-" + "links",
            "file:" + "///",
        )
    )
    + "|python"
    + "hosted|artifact"
    + "ory"
)


def test_no_file_names_a_machine_or_a_registry() -> None:
    named = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content[:8000]:
            continue
        if found := _ELSEWHERE.search(content.decode("utf-8", "replace").replace("--no-emit-index-url", "")):
            named.append(f"{path.relative_to(ROOT)}: {found[0]}")
    assert named == []


def test_what_is_no_text_is_a_picture_or_what_a_test_reads() -> None:
    """No package, program or archive of anybody's slips in."""
    binary = {path.relative_to(ROOT) for path in tracked() if b"\0" in path.read_bytes()}
    assert [one for one in binary if one.suffix != ".png" and one.parts[:2] != ("tests", "data")] == []


# ---- and the examples are true --------------------------------------------------------------------


def module(name: str, source: str) -> Any:
    made = ModuleType(name)
    sys.modules[name] = made
    exec(compile(source, f"{name}.py", "exec"), made.__dict__)
    return made


def test_the_provider_of_the_exercise_keeps_its_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = blocks("CONTRIBUTING.md", "python")
    monkeypatch.setitem(sys.modules, "acme", None)
    monkeypatch.setitem(sys.modules, "table_acme", None)
    kind, table = module("acme", first).provider, module("table_acme", second).TABLE
    assert isinstance(kind, ProviderKind)
    assert isinstance(table, Table)
    assert runner.gaps(kind, table) == []
    without = replace(table, rows=[row for row in table.rows if row.covers != "unsigned"])
    assert runner.gaps(kind, without) == ["lacks unsigned"]
    made = kind.build(kind.options.model_validate(table.options))
    for row in table.rows:
        taken = runner.take(made, row.request)
        assert not isinstance(taken, Refusal)
        assert list(taken) == list(row.messages)
    for killer in runner.killers(table):
        carried = table.carry(killer.payload)
        taken = made.read(replace(carried, headers={**carried.headers, **killer.headers}))
        assert killer.text is None or [one.text for one in taken] == [killer.text], killer.name


def test_the_exercise_takes_two_files_and_a_section(tmp_path: Path) -> None:
    for folder in ("config", "dedup", "docs", "gateway", "tally", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    kind, table = blocks("CONTRIBUTING.md", "python")
    (tmp_path / "gateway/providers/acme.py").write_text(kind, "utf-8")
    (tmp_path / "tests/providers/table_acme.py").write_text(table, "utf-8")
    (section,) = blocks("CONTRIBUTING.md", "markdown")
    document = tmp_path / "docs/sources.md"
    document.write_text(f"{document.read_text('utf-8')}\n{section}", "utf-8")
    run(
        "-m",
        "pytest",
        "tests/providers/test_tables.py",
        "-k",
        "acme",
        "-p",
        "no:cacheprovider",
        where=tmp_path,
    )
    assert "\nacme  sms, http\n" in run("-m", "gateway", "sources", where=tmp_path)
    run("-m", "gateway", "sources", "--into", str(document), where=tmp_path)
    assert "Console > Inbound > Webhook" in document.read_text("utf-8").partition("\n## acme\n")[2]


async def test_the_auditors_programs_agree_with_the_ledger(house: House) -> None:
    """With every kind of ruling in it, and messages and rulings that are erased."""
    by_leaves, by_openings = blocks("docs/auditor.md", "python")
    await auditing.play(house, 20, auditing.RULES[1:])
    key = str(house.folder / "secrets/beita-2018.key")

    async def programs_agree() -> None:
        async with house.service() as counting:
            head = counting.recorder.head("beita-2018")
            totals = await counting.store.totals("beita-2018")
        size, root = head.size, merkle.root(head.frontier).hex()
        assert run("-c", by_leaves, str(house.database)) == f"beita-2018 n1 {size} {root}\n"
        counted = Counter[str]()
        for one, n in totals.items():
            counted[f"{one.contest} {one.candidate}"] += n * (one[0] == "selection" and one[4] == "counted")
        told = run("-c", by_openings, str(house.database), key, "beita-2018").splitlines()
        assert told == [f"{who} {n}" for who, n in sorted(counted.items()) if n]

    await programs_agree()
    async with house.service() as counting:
        running = counting.campaigns["beita-2018"]
        for number in ("13812345670", "13612345671", "13412345678", "13700000000"):
            assert await counting.eraser.number(running, number, "chair", "caller_asked")
    await programs_agree()


async def test_the_auditors_program_counts_no_votes_that_void_others(house: House) -> None:
    await auditing.play(house, 0)
    key = str(house.folder / "secrets/beita-2018.key")
    program = blocks("docs/auditor.md", "python")[1]
    told = ended("-c", program, str(house.database), key, "beita-2018")
    assert told.returncode == 1
    assert told.stderr.endswith("over_cap is void_all: count with verify.py --openings\n")


def ended(*words: str, where: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A run of Python, in a folder."""
    return subprocess.run([sys.executable, *words], cwd=where, capture_output=True, text=True, check=False)


def run(*words: str, where: Path = ROOT) -> str:
    """A run of Python, in a folder; returns what it says, and fails as it does."""
    told = ended(*words, where=where)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def test_the_settings_of_the_sources_are_right(house: House) -> None:
    shown = "\n".join(blocks("docs/sources.md", "toml"))
    for files in re.findall(r'_file = (\[[^\]]*\]|"[^"]*")', shown):
        for name in re.findall('"(.+?)"', files):
            secret = house.folder / "secrets" / name
            made = CERTIFICATE if name.endswith(".pem") else hashlib.sha256(name.encode()).hexdigest()
            secret.write_text(made)
            secret.chmod(0o600)
    settings = house.settings.read_text("utf-8").partition("\n[sources.")[0]
    house.settings.write_text(f"{settings}\n{shown}", "utf-8")
    try:
        loaded = house.load()
        opened = entrances.open_all(loaded, entrances.run_campaigns(loaded))
    except Problems as error:
        pytest.fail(error.render("en"))
    assert {source.kind for source in opened.values()} == set(entrances.kinds())
    assert loaded.warnings == ()


def test_the_sample_of_a_mistake_is_what_is_said_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.write(tmp_path / "award", setup.today(clock.now_ms()), "127.0.0.1:0")
    campaign = tmp_path / "award/campaigns/beita-2018.toml"
    mistaken = campaign.read_text("utf-8").replace('code = "A02"', 'code = "A1"')
    campaign.write_text(mistaken, "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Problems) as caught:
        load.everything(Path("award/televote.toml"), {})
    shown = next(one for one in blocks("docs/committee.md", "console") if "[1].code" in one)
    assert shown.splitlines()[1:] == caught.value.render("en").splitlines()


# ---- what is shipped ------------------------------------------------------------------------------


def test_a_stop_has_time_to_drain() -> None:
    unit = text("deploy/televote.service")
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(seconds) > app.DRAIN_SECONDS
    assert f"RestartPreventExitStatus={USAGE}\n" in unit


#: What people hand in, and how large it may be.
_HANDED_IN = {
    "/operator/beita-2018/upload": handin.MOST_BYTES,
    "/panel/beita-2018/star/import": workbook.MOST_BYTES,
    "/committee/beita-2018/nominations/star": nominations._FORM_BYTES,
    "/committee/beita-2018/nominations/star/import": workbook.MOST_BYTES,
    "/committee/beita-2018/nominations/star/7/files": papers.MOST_BYTES,
    "/committee/beita-2018/reconcile": reconcile.MOST_BYTES + reconcile._ROOM - nominations._ROOM,
}


@pytest.mark.parametrize("path", _HANDED_IN)
def test_nginx_lets_through_what_people_hand_in(path: str) -> None:
    locations = re.findall(
        r"^    location ~ (\S+) \{\n(.*?)^    \}", text("deploy/nginx.conf"), re.MULTILINE | re.DOTALL
    )
    inside = next(told for pattern, told in locations if re.search(pattern, path))
    (megabytes,) = re.findall(r"^        client_max_body_size (\d+)m;$", inside, re.MULTILINE)
    assert int(megabytes) << 20 >= _HANDED_IN[path] + nominations._ROOM


def test_the_image_has_every_package() -> None:
    docker, let_in = text("Dockerfile"), text(".dockerignore")
    for package in ("gateway", "config", "dedup", "tally"):
        assert f"\nCOPY {package}/ " in docker
        assert f"\n!{package}/\n" in let_in
    assert '\nENTRYPOINT ["televote"]\n' in docker


def test_the_wheel_has_every_file(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    packages = tuple(ROOT / package for package in ("gateway", "config", "dedup", "tally"))
    wanted = {
        str(path.relative_to(ROOT)) for path in tracked() if any(path.is_relative_to(one) for one in packages)
    }
    assert wanted - shipped == set()
    assert any(name.endswith("licenses/LICENSE") for name in shipped)
