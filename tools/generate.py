"""``python -m tools.generate``: write all that is made of the definitions.

Manual pages, completions, and the README's blocks between ``<!-- generated: NAME -->`` and
``<!-- end -->``. ``--check`` writes nothing and fails if something would change.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tools.command_pages import command_page, group_page, main_page
from tools.describe import program
from tools.mdoc import Page, mdoc
from tools.program import Program
from tools.readme import filled
from tools.shells.bash import bash
from tools.shells.fish import fish
from tools.shells.zsh import zsh
from tools.topic_pages import TOPICS
from wasinet.cli.completion import SHELLS

__all__ = ["COMMAND", "ROOT", "SHARE", "all_pages", "main", "outputs", "stale"]

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python -m tools.generate"
SHARE = "wasinet/share"
"""The folder of the generated files: all that is in it is made here."""
_SCRIPTS: Mapping[str, Callable[[Program], str]] = {"bash": bash, "zsh": zsh, "fish": fish}


def all_pages(facts: Program) -> list[Page]:
    """Every manual page: the program's, one for each group and each command, and the topics."""
    groups = (group_page(facts, group) for group in facts.groups)
    commands = (command_page(facts, command) for command in facts.commands)
    topics = (make(facts) for make in TOPICS.values())
    return [main_page(facts), *groups, *commands, *topics]


def outputs(root: Path, facts: Program) -> Iterator[tuple[Path, str]]:
    """Every generated file with what belongs in it. Raises ValueError for README markers that are not right."""
    for page in all_pages(facts):
        yield root / SHARE / f"man/man{page.number}/{page.file}", mdoc(page)
    for shell, path in SHELLS.items():
        yield root / SHARE / path, _SCRIPTS[shell](facts)
    readme = root / "README.md"
    yield readme, filled(readme.read_text("utf-8"), facts)


def stale(root: Path = ROOT) -> dict[Path, str | None]:
    """The files that are not as they would be made: what belongs in each, None for one that belongs nowhere."""
    wanted = dict(outputs(root, program()))
    found: dict[Path, str | None] = {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text
    }
    found |= {path: None for path in (root / SHARE).rglob("*") if path.is_file() and path not in wanted}
    return found


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Write, or with ``--check`` compare; gives the exit code."""
    if arguments not in ([], ["--check"]):
        print(f"usage: {COMMAND} [--check]", file=sys.stderr)
        return 2
    changed = stale(root)
    for path, text in sorted(changed.items()):
        name = path.relative_to(root)
        if arguments:
            print(f"{name} is {'stale' if text is not None else 'left over'}", file=sys.stderr)
        elif text is None:
            path.unlink()
            print(f"removed {name}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"wrote {name}")
    if arguments and changed:
        print(f"mend with: {COMMAND}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
