"""Explanations as pages for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from wasinet.render.explanations import Explanation
from wasinet.render.page import Page
from wasinet.render.printable import Printable, cells
from wasinet.render.table import Cell
from wasinet.render.theme import Painter

__all__ = ["explanation_text"]

_OUTCOMES = {"ok": "ok", "error": "error", "would-block": "muted", "-": "muted"}


def explanation_text(explanation: Explanation, paint: Painter, width: int) -> Printable:
    """One explanation, without a last line end."""
    page = Page(paint, width)
    _PAGES[explanation["kind"]](explanation, page)
    return page.text()


def _function(it: Explanation, page: Page) -> None:
    _signature(it, page)
    page.space()
    page.flow(it["summary"])
    facts: list[tuple[str, Sequence[str | Cell]]] = [("interface", [it["interface"]])]
    if it["posix"]:
        facts.append(("POSIX", [it["posix"]]))
    if it["since"]:
        facts.append(("feature", [it["since"]]))
    if it["blocking"]:
        facts.append(("blocking", ["may wait"]))
    if it["states"] is not None:
        facts.append(("states", _states(it)))
    page.space()
    page.pairs([(Cell(name, "heading"), spans) for name, spans in facts])
    if it["transitions"]:
        page.heading("What it does to the state")
        page.pairs([_transition(*row) for row in it["transitions"]])
    if it["errors"]:
        page.heading("Errors, and what to do")
        _errors(it, page)
    _notes(it, page)


def _signature(it: Explanation, page: Page) -> None:
    """On one line, or with a line for each parameter where that is too long."""
    result = [] if it["result"] is None else ["->", it["result"]]
    params = [f"{name}: {type_}" for name, type_ in it["params"]]
    if cells(it["signature"]) <= page.width or not params:
        inside = f"{', '.join(params)})"
        page.flow(Cell(f"{it['name']}(", "function"), inside, *result, indent=0, hang=4)
        return
    page.flow(Cell(f"{it['name']}(", "function"), indent=0)
    for param in params:
        page.flow(f"{param},", indent=4)
    page.flow(Cell(")", "function"), *result, indent=0)


def _transition(state: str, function: str, outcome: str, target: str) -> tuple[Cell, Sequence[str | Cell]]:
    # A variant is told by its argument: stream(none), stream(some).
    spans: list[str | Cell] = [Cell(function, "function")] if "(" in function else []
    return Cell(state, "state"), [*spans, Cell(outcome, _OUTCOMES.get(outcome, "value")), "→", Cell(target, "state")]


def _errors(it: Explanation, page: Page) -> None:
    by_code: dict[str, list[Explanation]] = {}
    for error in it["errors"]:
        by_code.setdefault(error["code"], []).append(error)
    for code, errors in by_code.items():
        page.flow(Cell(code, "error"), indent=2)
        for error in errors:
            page.flow("-", error["when"], *_errnos(error["errnos"]), indent=4, hang=2)
        if errors[0]["advice"]:
            page.flow(Cell("→", "ok"), errors[0]["advice"], indent=4, hang=2)


def _notes(it: Explanation, page: Page) -> None:
    if it["notes"]:
        page.heading("Notes")
    for note in it["notes"]:
        clause = [Cell(f"[{note['clause']}]", "muted")] if note["clause"] else []
        page.flow("-", note["text"], *clause, indent=2, hang=2)


def _errnos(names: Iterable[str]) -> list[Cell]:
    text = ", ".join(names)
    return [Cell(f"({text})", "muted")] if text else []


def _states(it: Explanation) -> list[str | Cell]:
    names, others = it["states"], it["other_states"]
    refused: list[str | Cell] = ["in any other", Cell(it["refusal"], "error")]
    if not it["refusal"] or not others:
        return [Cell(", ".join(names), "state")]
    if len(others) == 1:
        return ["any but", Cell(f"{others[0]};", "state"), *refused[1:], "there"]
    return [Cell(f"{', '.join(names)};", "state"), *refused]


def _functions(it: Explanation, page: Page) -> None:
    functions = it["functions"]
    page.flow(f"{len(functions)} functions go by {it['name']}:", indent=0)
    for function in functions:
        page.space()
        _signature(function, page)
        page.flow(function["summary"], indent=2)


def _code(it: Explanation, page: Page) -> None:
    page.flow(Cell(it["name"], "error"), *([Cell(", ".join(it["errnos"]), "muted")] if it["errnos"] else []), indent=0)
    page.space()
    page.flow(it["meaning"])
    page.flow(Cell("→", "ok"), it["advice"], hang=2)
    by_function: dict[str, list[Explanation]] = {}
    for given in it["functions"]:
        by_function.setdefault(given["function"], []).append(given)
    if by_function:
        page.heading("Given by")
    for function, givens in by_function.items():
        page.flow(Cell(function, "function"), indent=2)
        for given in givens:
            page.flow("-", given["when"], *_errnos(given["errnos"]), indent=4, hang=2)


def _state(it: Explanation, page: Page) -> None:
    page.flow(Cell(it["name"], "state"), f"({it['resource']})", indent=0)
    page.space()
    page.flow(it["meaning"])
    page.space()
    page.pairs([(Cell("a pollable is ready", "heading"), [it["ready"]])])
    if it["reached"] or it["created"]:
        page.heading("How a socket gets here")
        for creation in it["created"]:
            page.flow(Cell(creation, "function"), Cell("ok", "ok"), indent=2)
        page.pairs(
            [
                (Cell(state, "state"), [Cell(function, "function"), Cell(outcome, _OUTCOMES.get(outcome, "value"))])
                for state, function, outcome in it["reached"]
            ]
        )
    if it["transitions"]:
        page.heading("What moves it on")
        page.pairs(
            [
                (
                    Cell(function, "function"),
                    [Cell(outcome, _OUTCOMES.get(outcome, "value")), "→", Cell(target, "state")],
                )
                for function, outcome, target in it["transitions"]
            ]
        )
    if it["functions"]:
        page.heading("What may be called, too")
        names = [name.rpartition(".")[2] for name in it["functions"]]
        page.flow(
            *(Cell(name + ("," if index < len(names) - 1 else ""), "function") for index, name in enumerate(names))
        )
    page.heading("Every other call")
    page.pairs(
        [
            (Cell("anything else" if pattern == "*" else pattern, "function"), [Cell(code, "error")])
            for pattern, code in it["refusals"].items()
        ]
    )


def _comparison(it: Explanation, page: Page) -> None:
    """The worlds side by side, each section beginning on the same line."""
    worlds = it["worlds"]
    for title, put in (("", _called), ("States", _moved), ("Errors", _failing)):
        parts = page.parts(len(worlds))
        for part, (world, functions) in zip(parts, worlds.items(), strict=True):
            part.flow(Cell(title or f"World {world}", "heading"), indent=0)
            if functions:
                put(functions, part)
            elif not title:
                part.flow("has nothing for it", indent=2)
        if not title or any(it for functions in worlds.values() for it in functions if _SHOWN[title](it)):
            page.space()
            page.beside(parts)


def _called(functions: Sequence[Explanation], part: Page) -> None:
    for it in functions:
        _signature(it, part)
        part.flow(it["summary"])
        if it["blocking"]:
            part.flow(Cell("may wait", "muted"))


def _moved(functions: Sequence[Explanation], part: Page) -> None:
    for it in filter(_SHOWN["States"], functions):
        part.flow(Cell(it["name"], "function"), indent=2)
        for state, _, outcome, target in it["transitions"]:
            role = _OUTCOMES.get(outcome, "value")
            part.flow(Cell(state, "state"), Cell(outcome, role), "→", Cell(target, "state"), indent=4, hang=2)
        if not it["transitions"]:
            part.flow("in", Cell(", ".join(it["states"]), "state"), indent=4)


def _failing(functions: Sequence[Explanation], part: Page) -> None:
    for it in filter(_SHOWN["Errors"], functions):
        part.flow(Cell(it["name"], "function"), indent=2)
        for error in it["errors"]:
            part.flow(Cell(f"{error['code']}:", "error"), error["when"], indent=4, hang=2)


_SHOWN: Mapping[str, Callable[[Explanation], object]] = {
    "States": lambda it: it["transitions"] or it["states"],
    "Errors": lambda it: it["errors"],
}

_PAGES = {
    "comparison": _comparison,
    "function": _function,
    "functions": _functions,
    "error-code": _code,
    "state": _state,
}
