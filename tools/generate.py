"""``python -m tools.generate``: write all that is made of the definitions.

Manual pages, completions, and the README's blocks between ``<!-- generated: NAME -->`` and
``<!-- end -->``. ``--check`` writes nothing and fails if something would change.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tools.readme import filled
from wasinet.cli.describe import program
from wasinet.reference.mdoc import mdoc
from wasinet.reference.pages import all_pages
from wasinet.reference.program import Program
from wasinet.reference.shells import SHELLS

__all__ = ["COMPLETIONS", "main", "outputs", "stale"]

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python -m tools.generate"
COMPLETIONS = {"bash": "completions/wasinet.bash", "zsh": "completions/_wasinet", "fish": "completions/wasinet.fish"}


def outputs(root: Path, facts: Program) -> Iterator[tuple[Path, str]]:
    """Every generated file with what belongs in it. Raises ValueError for README markers that are not right."""
    for page in all_pages(facts):
        yield root / f"man/man{page.number}/{page.file}", mdoc(page)
    for shell, script in SHELLS.items():
        yield root / COMPLETIONS[shell], script(facts)
    readme = root / "README.md"
    yield readme, filled(readme.read_text("utf-8"), facts)


def stale(root: Path = ROOT) -> dict[Path, str | None]:
    """The files that are not as they would be made: what belongs in each, None for one that belongs nowhere."""
    wanted = dict(outputs(root, program()))
    found: dict[Path, str | None] = {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text
    }
    for folder in ("man", "completions"):
        found |= {path: None for path in (root / folder).rglob("*") if path.is_file() and path not in wanted}
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
