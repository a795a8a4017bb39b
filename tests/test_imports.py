"""No module of the package imports itself by way of others, imports in functions and for type checking included."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_PACKAGE = "wasinet"

Arrows = Mapping[str, Mapping[str, int]]
"""Module to imported module to the line of the import."""


def modules(root: Path) -> dict[str, Path]:
    """The modules of the package by their dotted names."""
    found = {}
    for path in sorted((root / _PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every dotted name that a module imports, and the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"relative import in line {node.lineno}"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def arrows(found: Mapping[str, Path]) -> Arrows:
    """What each module imports of the package. ``from package import name`` is of the module, where name is one."""
    result: dict[str, dict[str, int]] = {}
    for name, path in found.items():
        targets = result[name] = {}
        for full, line in imported(ast.parse(path.read_text(encoding="utf-8"))):
            target = full
            while target and target not in found:
                target = target.rpartition(".")[0]
            # A package's own ``__init__`` that hands out what its modules have is no cycle by itself.
            if target and target != name:
                targets.setdefault(target, line)
    return result


def cycles(graph: Arrows) -> list[list[str]]:
    """The strongly connected components of more than one module (Tarjan's algorithm)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for target in graph[name]:
            if target not in order:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], order[target])
        if low[name] == order[name]:
            at = stack.index(name)
            component = stack[at:]
            del stack[at:]
            if len(component) > 1:
                found.append(sorted(component))

    for name in graph:
        if name not in order:
            visit(name)
    return found


def described(graph: Arrows, component: list[str]) -> str:
    return "\n".join(
        f"  {name} imports {target} in line {line}"
        for name in component
        for target, line in graph[name].items()
        if target in component
    )


def test_no_import_cycles() -> None:
    graph = arrows(modules(_ROOT))
    found = [described(graph, component) for component in cycles(graph)]
    if found:
        pytest.fail("\n\n".join(["import cycles:", *found]), pytrace=False)


def test_a_cycle_is_found_and_its_imports_are_named(tmp_path: Path) -> None:
    package = tmp_path / _PACKAGE
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text("from wasinet import b\n")
    (package / "b.py").write_text("def late():\n    from wasinet.c import x\n")
    (package / "c.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import wasinet.a\n")
    (package / "d.py").write_text("import wasinet.a\n")
    graph = arrows(modules(tmp_path))
    (found,) = cycles(graph)
    assert described(graph, found).splitlines() == [
        "  wasinet.a imports wasinet.b in line 1",
        "  wasinet.b imports wasinet.c in line 2",
        "  wasinet.c imports wasinet.a in line 3",
    ]
