"""``wasinet run``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from wasinet.cli.ask import TerminalAsker
from wasinet.cli.limit_options import (
    Fuel,
    MaxHandles,
    MaxInstances,
    MaxMemories,
    MaxMemory,
    MaxQueued,
    MaxTableElements,
    MaxTables,
    make_limits,
)
from wasinet.cli.output import write_line
from wasinet.cli.params import READ, WRITTEN
from wasinet.cli.policy_options import Denials, learned_lines, make_policy, write_learned
from wasinet.cli.session import Session
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.engine.draining import Undelivered
from wasinet.engine.learning import Learned, Learner
from wasinet.engine.program import Preopen, Program
from wasinet.hosts import DEFAULT_HOST
from wasinet.hosts.components.component import Component, NotRunnable
from wasinet.hosts.guest import GuestHost, world_of
from wasinet.render.color import wants_color
from wasinet.render.theme import Painter
from wasinet.wit.english import counted

__all__ = ["CONTEXT", "command"]

# What stands behind the component is the guest's.
CONTEXT = {"allow_interspersed_args": False}


def command(
    ctx: typer.Context,
    component: Annotated[str, typer.Argument(help="A .wasm file, or WAT text.")],
    args: Annotated[list[str] | None, typer.Argument(help="The guest's own arguments.")] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[=VALUE]", help="Give the guest a variable; NAME alone as it is here."),
    ] = None,
    dir: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST[::GUEST][:ro]", help="Give the guest a folder, as GUEST, and only to read with :ro."
        ),
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin/--no-stdin", help="Whether the guest reads your standard input.")
    ] = True,
    max_memory: MaxMemory = None,
    max_memories: MaxMemories = None,
    max_tables: MaxTables = None,
    max_table_elements: MaxTableElements = None,
    max_instances: MaxInstances = None,
    max_handles: MaxHandles = None,
    max_queued: MaxQueued = None,
    fuel: Fuel = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Allow more: tcp-connect:api.example.com:443, tcp-connect:10.0.0.0/8, all."),
    ] = None,
    deny: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Deny what a rule speaks of, whatever is allowed.")
    ] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask at the terminal about what no rule speaks of.")] = False,
    policy: Annotated[
        str | None,
        typer.Option(parser=READ, metavar="FILE.toml", help="Take the rules of a file instead of loopback only."),
    ] = None,
    learn: Annotated[
        str | None,
        typer.Option(
            parser=WRITTEN,
            metavar="FILE.toml",
            help="Allow everything, and write the smallest policy that the run needed.",
        ),
    ] = None,
) -> int:
    """Run a WASI 0.2 COMPONENT, and answer its calls.

    Its network is the loopback unless --allow or --policy widens it, its standard streams are yours, and it
    has no files. The exit code is its own, or 3 where it trapped.
    """
    settings = ctx.obj
    if settings.host != DEFAULT_HOST:
        raise BadValue(f"--host: a component's calls are answered by {DEFAULT_HOST}, not {settings.host}")
    if component == "-":
        raise BadValue("a component is read from a file: standard input is the guest's")
    program = Program(
        arguments=(component, *(args or ())),
        environment=tuple(variable for text in env or () for variable in _variable(text)),
        stdin=0 if stdin else None,
        stdout=2 if settings.stdout_taken else 1,
        preopens=tuple(map(_preopen, dir or ())),
    )
    limits = make_limits(
        memory=max_memory,
        memories=max_memories,
        tables=max_tables,
        table_elements=max_table_elements,
        instances=max_instances,
        handles=max_handles,
        queued=max_queued,
        fuel=fuel,
    )
    denials = None if settings.quiet else Denials()
    asker = TerminalAsker(os.path.basename(component), Painter(wants_color(settings.color, sys.stderr)))
    rules = make_policy(
        allow or (),
        deny or (),
        file=policy,
        ask=ask,
        asker=asker,
        learn=learn is not None,
        told=denials,
        own=lambda: (info.local for info in host.handles()),
    )
    try:
        loaded = Component(component, cache=_cache(), fuel=fuel is not None)
        settings.world = world_of(loaded)
        host = GuestHost(loaded, program, policy=rules, limits=limits, os=asker.os)
        try:
            try:
                return _run(settings, host, asker)
            finally:
                if denials is not None:
                    denials.sum_up()
        finally:
            # Also of a run that was broken off: what it needed until then it needed.
            if learn is not None and isinstance(rules, Learner):
                _keep(settings, learn, rules.learned())
    except NotRunnable as error:
        raise BadValue(str(error)) from None


def _run(settings: Settings, host: GuestHost, asker: TerminalAsker) -> int:
    """Run the guest to its end; gives its exit code."""
    lost = lambda limit: _loss(host.undelivered, limit)  # noqa: E731
    with Session(settings, host=host, worlds=(settings.world,), many_files=True, loss=lost), asker:
        code = host.run()
        if code and host.reached:
            write_line(sys.stderr, f"wasinet: {settings.command}: {host.reached}")
        return code


def _keep(settings: Settings, path: str, learned: Sequence[Learned]) -> None:
    write_learned(settings, path, learned)
    if not settings.quiet:
        for line in learned_lines(path, learned):
            write_line(sys.stderr, line)


def _loss(undelivered: Sequence[Undelivered], limit: float) -> str:
    """What was lost at the end, and why, in one line."""
    count = sum(lost.count for lost in undelivered)
    targets = dict.fromkeys(lost.peer or "the standard streams" for lost in undelivered)
    where = next(iter(targets)) if len(targets) == 1 else f"{len(targets)} peers"
    reasons = (
        ("the guest ended without reading them itself", any(lost.here for lost in undelivered)),
        (f"not taken within {limit:.3g} seconds", not all(lost.here for lost in undelivered)),
    )
    why = ", or ".join(reason for reason, holds in reasons if holds)
    return f"{counted(count, 'byte')} to {where} {'was' if count == 1 else 'were'} lost: {why}"


def _variable(text: str) -> list[tuple[str, str]]:
    """``NAME=VALUE``, or a name alone: as it is in our environment, where it is there."""
    name, equals, value = text.partition("=")
    if not name:
        raise BadValue(f"--env: {text!r} has no name; e.g. HOME, or COLOR=red")
    if equals:
        return [(name, value)]
    return [(name, os.environ[name])] if name in os.environ else []


def _preopen(text: str) -> Preopen:
    """``HOST``, ``HOST::GUEST``, either with ``:ro`` behind it."""
    path = text.removesuffix(":ro")
    host, separator, guest = path.partition("::")
    if not host or (separator and not guest):
        raise BadValue(f"--dir: {text!r} is no folder; e.g. data, data::/data or data::/data:ro")
    if not os.path.isdir(host):
        raise BadValue(
            f"--dir: {host} is no folder" if os.path.exists(host) else f"--dir: {host}: there is no such folder"
        )
    return Preopen(host, guest or host, path != text)


def _cache() -> str | None:
    """Where compiled code is kept: below the user's cache folder."""
    from platformdirs import user_cache_dir

    folder = user_cache_dir("wasinet")
    return os.path.join(folder, "components") if os.path.isabs(folder) else None
