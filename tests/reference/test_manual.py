"""Manual pages: complete, clean for mandoc and groff, and readable without either."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.cli.support import needs
from tests.support import SECONDS
from tools.generate import ROOT
from wasinet.reference.document import ARG, CODE, FLAG, PAGE, TEXT, Page, Paragraph, Section, spans
from wasinet.reference.mdoc import mdoc
from wasinet.reference.pages import all_pages, find_page
from wasinet.reference.pages.states import diagram
from wasinet.reference.pages.transcript import TRANSCRIPT
from wasinet.reference.program import Command, Parameter, Program
from wasinet.reference.text import plain
from wasinet.script.transcript import Transcript
from wasinet.wit import WORLD_NAMES, load


def paint(role: str, text: str) -> str:
    return text


def pages() -> list[Path]:
    return sorted((ROOT / "man").rglob("*.[157]"))


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


def test_every_reference_leads_to_a_page(facts: Program) -> None:
    made = all_pages(facts)
    names = {f"{page.name}({page.number})" for page in made}
    for page in made:
        assert set(page.see) <= names
        assert f"{page.name}({page.number})" not in page.see
        for name, number in re.findall(r"^\.(?:It )?Xr (\S+) (\d)", mdoc(page), re.MULTILINE):
            assert f"{name}({number})" in names


def _spelled(parameter: Parameter) -> list[str]:
    return [*parameter.options, *parameter.off]


def test_every_option_is_in_its_page_and_in_help(facts: Program) -> None:
    for command in facts.commands:
        page = find_page(facts, command.path)
        assert page is not None
        source, text = mdoc(page), plain(page, paint, 100)
        help_page = run(*command.path, "--help").stdout
        for option in (*command.options, *facts.common):
            for spelling in _spelled(option):
                escaped = spelling[1:].replace("-", "\\-")
                assert re.search(rf"^\.It .*\bFl {re.escape(escaped)}(?= |$)", source, re.MULTILINE), spelling
                assert re.search(rf"^ +(?:.*, )?{spelling}\b", text, re.MULTILINE), spelling
                assert re.search(rf"^ +(?:.*[,/] )?{spelling}\b", help_page, re.MULTILINE), spelling
        for argument in command.arguments:
            assert argument.metavar in text
            assert argument.metavar in help_page


def test_every_command_is_in_the_pages_and_in_help(facts: Program) -> None:
    page = find_page(facts, ())
    assert page is not None
    listed = run("--help").stdout
    source = mdoc(page)
    for command in facts.commands:
        assert f".It Xr wasinet-{'-'.join(command.path)} 1" in source
        assert re.search(rf"^ +{command.name} +\S", listed, re.MULTILINE)


def _blocks(page: Page) -> dict[str, Section]:
    return {section.title: section for section in page.sections}


def test_every_command_has_examples(facts: Program) -> None:
    for command in facts.commands:
        assert command.examples, f"wasinet.cli.examples has none for {command.name}"
        for example in command.examples:
            assert f"wasinet {command.name}" in example.line
            assert not example.text.endswith(".")
        page = find_page(facts, command.path)
        assert page is not None
        assert {"SYNOPSIS", "DESCRIPTION", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES"} == set(_blocks(page))


def test_examples_are_about_commands_that_are_there(facts: Program) -> None:
    from wasinet.cli.examples import EXAMPLES

    assert set(EXAMPLES) - {""} <= {command.name for command in facts.commands}


def test_exit_codes_are_in_every_page(facts: Program) -> None:
    for command in facts.commands:
        source = mdoc(find_page(facts, command.path) or pytest.fail(command.name))
        for code in ("0", "1", "2", "3", "4", "124", '"130, 141, 143"'):
            assert f".It Cm {code}\n" in source


@pytest.mark.parametrize("world", WORLD_NAMES)
def test_the_diagrams_have_every_edge(world: str, facts: Program) -> None:
    for machine in load(world).machines.values():
        drawn = diagram(machine)
        arrows = re.findall(r"\+-- (.*?) -+> (\S+)", drawn)
        creations = 1 + (machine.accepted is not None)
        assert len(arrows) == len(machine.edges) + creations
        assert max(map(len, drawn.splitlines())) < 72
        page = find_page(facts, ("states.7",))
        assert page is not None
        assert f"{machine.resource.upper()} OF WORLD {world.upper()}" in _blocks(page)


def test_the_example_transcript_is_one() -> None:
    read = Transcript.parse(TRANSCRIPT)
    assert len(read.lines) == 5


def test_replaying_the_example(tmp_path: Path) -> None:
    file = tmp_path / "example.wasinet"
    file.write_text(TRANSCRIPT + "\n", "utf-8")
    assert run("replay", str(file)).returncode == 0


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ((), "wasinet.1"),
        (("tcp", "listen"), "wasinet-tcp-listen.1"),
        (("tcp-listen",), "wasinet-tcp-listen.1"),
        (("wasinet-tcp-listen",), "wasinet-tcp-listen.1"),
        (("tcp",), "wasinet-tcp.1"),
        (("states",), "wasinet-states.1"),
        (("states.7",), "wasinet-states.7"),
        (("transcript",), "wasinet-transcript.5"),
        # A command and a group of the same name have it first.
        (("trace",), "wasinet-trace.1"),
        (("trace.5",), "wasinet-trace.5"),
        (("wave",), "wasinet-wave.7"),
        (("wave.5",), None),
        (("nonsense",), None),
    ],
)
def test_finding_a_page(facts: Program, words: tuple[str, ...], name: str | None) -> None:
    page = find_page(facts, words)
    assert (page and page.file) == name


def test_man_prints_the_page() -> None:
    done = run("man", "tcp", "listen", env={"COLUMNS": "70"})
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "WASINET-TCP-LISTEN(1)"
    # Examples stay as they are.
    assert max(map(len, lines[: lines.index("EXAMPLES")])) <= 70
    assert re.search(r"^ +-k, --keep-open$", done.stdout, re.MULTILINE)
    assert "wasinet tcp listen [option ...] ADDRESS" in done.stdout
    colored = run("man", "tcp", "listen", "--color", "always", env={"COLUMNS": "70"}).stdout
    assert "\x1b[36m--keep-open\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == done.stdout


def test_man_prints_the_source() -> None:
    done = run("man", "--mdoc", "wave")
    assert done.stdout == (ROOT / "man/man7/wasinet-wave.7").read_text("utf-8")


def test_man_of_nothing() -> None:
    done = run("man", "tcp", "lisen")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "wasinet: man: there is no page for 'tcp lisen'; did you mean tcp-listen?\n"


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
        ["man", "-M", str(ROOT / "man"), "-P", "cat", "wasinet-tcp-listen"],
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
