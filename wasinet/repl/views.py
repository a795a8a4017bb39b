"""Dot commands that show something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasinet.render.printable import Printable
from wasinet.render.table import Cell, Column, Table, table_text
from wasinet.repl.faults import CommandError, handle, no_more
from wasinet.script.names import NET

if TYPE_CHECKING:
    from wasinet.hosts import HandleInfo
    from wasinet.repl.repl import Repl


def _show(repl: Repl, table: Table) -> None:
    repl.write(table_text(table, drawn=repl.drawn, color=repl.paint.color, width=repl.width()))


def help_(repl: Repl, text: str) -> None:
    """All commands, or what something is."""
    from wasinet.repl.commands import COMMANDS

    if not text:
        rows = [[command.usage, command.help] for command in COMMANDS.values()]
        _show(repl, Table((Column("command", "function"), Column("what it does", wrap=True)), rows))
        repl.write("")
        repl.write(
            "Calls: s = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1:0). CALL | COMMAND pipes an outcome."
        )
        return
    command = repl.help_of(text)
    if command is not None:
        repl.write(repl.paint("function", command.usage) + f"  {command.help}")
    if command is None or _explanations(repl, text):
        explain(repl, text)


def _explanations(repl: Repl, text: str) -> list[dict[str, object]]:
    from wasinet.render.explanations import explanations

    return explanations(repl.session.host.world, text)


def explain(repl: Repl, text: str) -> None:
    """What a function, an error code or a state means; of a variable's call, too: ``s.accept``."""
    if not text:
        raise CommandError(".explain needs a function, an error code or a state; e.g. .explain start-bind")
    found = _explanations(repl, text)
    if not found and "." in text:
        found = _explanations(repl, text.rpartition(".")[2])
    if not found:
        from wasinet.render.explanations import known_names
        from wasinet.script.names import near

        world = repl.session.host.world
        raise CommandError(
            f"{text!r} is no function, error code or state of {world.name}{near(text, known_names(world))}"
        )
    from wasinet.render.explain import explanation_text

    pages = [explanation_text(explanation, repl.paint, repl.width()) for explanation in found]
    repl.write(Printable("\n\n").join(pages))


def handles(repl: Repl, text: str) -> None:
    """The table of live handles."""
    no_more(text, "handles")
    from wasinet.render.handles import handles_table

    live = list(repl.session.host.handles())
    if not live:
        repl.write("no live handles")
        return
    width = repl.width() if repl.drawn else None
    _show(repl, handles_table(live, repl.session.handle_names, width=width, state=repl.session.host.state_word))


def tree(repl: Repl, text: str) -> None:
    """Parents and children."""
    no_more(text, "tree")
    live = list(repl.session.host.handles())
    if not live:
        repl.write("no live handles")
        return
    children: dict[int | None, list[HandleInfo]] = {}
    numbers = {info.handle for info in live}
    for info in live:
        children.setdefault(info.parent if info.parent in numbers else None, []).append(info)
    # With its own stack: a child's child's child is possible, recursion of any depth is not.
    stack = [(info, "", "", "") for info in reversed(children.get(None, []))]
    while stack:
        info, indent, branch, under = stack.pop()
        repl.write(repl.paint("muted", indent + branch) + _node(repl, info))
        below = children.get(info.handle, [])
        for index in reversed(range(len(below))):
            last = index == len(below) - 1
            stack.append((below[index], indent + under, "└─ " if last else "├─ ", "   " if last else "│  "))


def _node(repl: Repl, info: HandleInfo) -> Printable:
    paint = repl.paint
    name = repl.session.handle_names.get(info.handle)
    number = f"#{info.handle}"
    parts = [paint("handle", f"{name} {number}" if name else number), paint("function", info.type)]
    parts += [paint("state", info.state)] if info.state else []
    parts += [paint("address", " → ".join(filter(None, (info.local, info.remote))))] if info.local else []
    return Printable("  ").join(parts)


def states(repl: Repl, text: str) -> None:
    """The machine of a handle, or the machines of the world."""
    from wasinet.repl.states import lit_machine

    session = repl.session
    machines = session.host.world.machines
    if text:
        number = handle(repl.session, text, "states")
        kind = session.kind_of(number) or ""
        if kind not in machines:
            raise CommandError(f"{text} is a {kind}, which has no states; there are those of {', '.join(machines)}")
        numbers = [number]
    else:
        live = [info for info in session.host.handles() if info.type in machines]
        numbers = [live[-1].handle] if live else []
    if not numbers:
        pages = [lit_machine(machine, repl.paint, repl.width()) for machine in machines.values()]
        repl.write(Printable("\n\n").join(pages))
        return
    number = numbers[0]
    repl.paths.look("")
    kind, now = repl.paths.live[number]
    expected = "" if session.host.state_word == "state" else f", {session.host.state_word}"
    title = f"{session.name_of(number)} (#{number}, {kind}{expected})"
    path = repl.paths.moves.get(number, [])
    repl.write(lit_machine(machines[kind], repl.paint, repl.width(), title=title, now=now, path=path))


def history(repl: Repl, text: str) -> None:
    """The calls of this session."""
    no_more(text, "history")
    from wasinet.script.session import NetworkMade
    from wasinet.script.syntax import one_line

    session = repl.session
    if not session.history:
        repl.write("no calls yet")
    for number, entry in enumerate(session.history, 1):
        head = repl.paint("muted", f"{number:4}  ")
        if isinstance(entry, NetworkMade):
            repl.write(head + f".network {entry.name} {' '.join(entry.rules)}")
        else:
            role = "error" if entry.failed else "ok"
            repl.write(head + one_line(entry.bound.source) + "  " + repl.paint(role, session.show(entry)))


def policy(repl: Repl, text: str) -> None:
    """The networks and their rules."""
    no_more(text, "policy")
    from wasinet.script.session import NetworkMade

    made = [entry for entry in repl.session.history if isinstance(entry, NetworkMade)]
    rows: list[list[str | Cell]] = [[Cell(NET, "handle"), "everything is allowed"]]
    rows += [[Cell(entry.name, "handle"), " ".join(entry.rules)] for entry in made]
    _show(repl, Table((Column("network", "handle"), Column("rules", wrap=True)), rows))
