"""Manual pages: complete, clean for mandoc and groff, and readable without either."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import needs
from tests.support import SECONDS
from tools.examples import EXAMPLES
from tools.generate import ROOT, SHARE, all_pages
from tools.mdoc import ARG, CODE, FLAG, PAGE, TEXT, Page, Paragraph, Section, mdoc, spans
from tools.program import Command, Program
from tools.topic_pages import TRANSCRIPT, diagram
from wasinet.cli.lazy import root
from wasinet.cli.settings import Settings
from wasinet.render.manual import manual_text
from wasinet.script.replay import replay
from wasinet.script.transcript import Transcript
from wasinet.wit import WORLD_NAMES, load


@pytest.fixture(scope="module")
def made(facts: Program) -> dict[str, Page]:
    """The pages by their files' names."""
    return {page.file: page for page in all_pages(facts)}


def page_file(command: Command) -> str:
    return f"wasinet-{'-'.join(command.path)}.1"


def help_of(*path: str) -> str:
    """What ``--help`` prints."""
    command: Any = root()
    context = command.make_context("wasinet", [], obj=Settings(), resilient_parsing=True)
    for word in path:
        command = command.get_command(context, word)
        context = command.make_context(word, [], parent=context, resilient_parsing=True)
    return str(command.get_help(context))


def pages() -> list[Path]:
    return sorted((ROOT / SHARE / "man").rglob("*.[157]"))


@needs("mandoc")
def test_mandoc_has_nothing_to_say() -> None:
    done = subprocess.run(
        ["mandoc", "-Tlint", "-Wstyle", *map(str, pages())], capture_output=True, encoding="utf-8", timeout=SECONDS
    )
    # Only where the pages are not installed.
    said = [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]
    assert said == []
    assert pages()


@needs("groff")
@pytest.mark.parametrize("device", ["ascii", "utf8"])
def test_groff_has_nothing_to_say(device: str) -> None:
    for page in pages():
        done = subprocess.run(
            ["groff", "-ww", "-mdoc", f"-T{device}", str(page)], capture_output=True, encoding="utf-8", timeout=SECONDS
        )
        assert (done.returncode, done.stderr) == (0, ""), page.name
        assert len(done.stdout) > 1000


def test_every_reference_leads_to_a_page(made: dict[str, Page]) -> None:
    names = {f"{page.name}({page.number})" for page in made.values()}
    for page in made.values():
        assert set(page.see) <= names
        assert f"{page.name}({page.number})" not in page.see
        for name, number in re.findall(r"^\.(?:It )?Xr (\S+) (\d)", mdoc(page), re.MULTILINE):
            assert f"{name}({number})" in names


def test_every_option_is_in_its_page_and_in_help(facts: Program, made: dict[str, Page]) -> None:
    for command in facts.commands:
        source = mdoc(made[page_file(command)])
        text = manual_text(source, lambda role, text: text, 100)
        help_page = help_of(*command.path)
        for option in (*command.options, *facts.common):
            for spelling in option.spellings:
                escaped = spelling[1:].replace("-", "\\-")
                assert re.search(rf"^\.It .*\bFl {re.escape(escaped)}(?= |$)", source, re.MULTILINE), spelling
                assert re.search(rf"^ +(?:.*, )?{spelling}\b", text, re.MULTILINE), spelling
                assert re.search(rf"^ +(?:.*[,/] )?{spelling}\b", help_page, re.MULTILINE), spelling
        for argument in command.arguments:
            assert argument.metavar in text
            assert argument.metavar in help_page


def test_every_command_is_in_the_pages_and_in_help(facts: Program, made: dict[str, Page]) -> None:
    listed = help_of()
    source = mdoc(made["wasinet.1"])
    for command in facts.commands:
        assert f".It Xr wasinet-{'-'.join(command.path)} 1" in source
        assert re.search(rf"^ +{command.name} +\S", listed, re.MULTILINE)


def _blocks(page: Page) -> dict[str, Section]:
    return {section.title: section for section in page.sections}


def test_every_command_has_examples(facts: Program, made: dict[str, Page]) -> None:
    for command in facts.commands:
        assert command.examples, f"tools.examples has none for {command.name}"
        for example in command.examples:
            assert f"wasinet {command.name}" in example.line
            assert not example.text.endswith(".")
        page = made[page_file(command)]
        assert {"SYNOPSIS", "DESCRIPTION", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES"} == set(_blocks(page))


def test_examples_are_about_commands_that_are_there(facts: Program) -> None:
    assert set(EXAMPLES) - {""} <= {command.name for command in facts.commands}


def test_exit_codes_are_in_every_page(facts: Program, made: dict[str, Page]) -> None:
    for command in facts.commands:
        source = mdoc(made[page_file(command)])
        for code in ("0", "1", "2", "3", "4", "124", '"130, 141, 143"'):
            assert f".It Cm {code}\n" in source


@pytest.mark.parametrize("world", WORLD_NAMES)
def test_the_diagrams_have_every_edge(world: str, made: dict[str, Page]) -> None:
    for machine in load(world).machines.values():
        drawn = diagram(machine)
        arrows = re.findall(r"\+-- (.*?) -+> (\S+)", drawn)
        creations = 1 + (machine.accepted is not None)
        assert len(arrows) == len(machine.edges) + creations
        assert max(map(len, drawn.splitlines())) < 72
        assert f"{machine.resource.upper()} OF WORLD {world.upper()}" in _blocks(made["wasinet-states.7"])


def test_the_example_transcript_replays() -> None:
    read = Transcript.parse(TRANSCRIPT, "example", "0.2")
    assert len(read.lines) == 5
    report = replay(read)
    assert report.passed, report.diff()


def test_spans() -> None:
    text = "With --keep-open or -4, ADDRESS is `a b`; see wasinet-wave(7), UTF-8 and a-b."
    assert spans(text, {"ADDRESS"}) == [
        (TEXT, "With "),
        (FLAG, "--keep-open"),
        (TEXT, " or "),
        (FLAG, "-4"),
        (TEXT, ", "),
        (ARG, "ADDRESS"),
        (TEXT, " is "),
        (CODE, "a b"),
        (TEXT, "; see "),
        (PAGE, "wasinet-wave(7)"),
        (TEXT, ", UTF-8 and a-b."),
    ]


def page_of(text: str) -> list[str]:
    page = Page("p", 1, "s", (Section("DESCRIPTION", (Paragraph(text),)),), ())
    return mdoc(page).split(".Sh DESCRIPTION\n")[1].splitlines()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("(--echo, --send)", [".Pf \\&( Fl \\-echo ,", ".Fl \\-send )"]),
        ("`a`/`b`.", [".Ql a Ns No / Ns Ql b ."]),
        ("`.x` begins", [".Ql .x", "begins"]),
        (".x begins 'it'", ["\\&.x begins 'it'"]),
        ('`Op` and `"`', [".Ql \\&Op", "and", ".Ql \\(dq"]),
        ("a\\b → «c»", ["a\\eb \\(-> <c>"]),
        ("`a - b`", ['.Ql "a \\- b"']),
    ],
)
def test_mdoc(text: str, lines: list[str]) -> None:
    assert page_of(text) == lines


def test_a_character_without_an_escape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"without an escape: .'☃'"):
        page_of("☃")


def test_long_text_is_filled() -> None:
    assert max(map(len, page_of("word " * 100))) <= 78


@pytest.mark.skipif(shutil.which("man") is None, reason="man not on PATH")
def test_man_reads_the_tree() -> None:
    done = subprocess.run(
        ["man", "-M", str(ROOT / SHARE / "man"), "-P", "cat", "wasinet-tcp-listen"],
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    if "man-db" in done.stderr or "minimized" in done.stdout:
        pytest.skip("man is not installed in full here")
    assert "--keep-open" in re.sub(".\b", "", done.stdout).replace("\u2010", "-")


def test_commands_are_described_from_their_definitions(facts: Program) -> None:
    listen = facts.command(("tcp", "listen"))
    assert isinstance(listen, Command)
    by_name = {option.name: option for option in listen.options}
    assert by_name["keep_open"].options == ("-k", "--keep-open")
    assert by_name["keep_open"].value is None
    repl = facts.command(("repl",))
    assert repl is not None
    assert (repl.options[0].options, repl.options[0].off) == (("--vi",), ("--emacs",))
    assert [command.path for command in facts.commands[:2]] == [("tcp", "connect"), ("tcp", "listen")]
    assert set(facts.children(("tcp",))) == {"connect", "listen"}
