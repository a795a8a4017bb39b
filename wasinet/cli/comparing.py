"""What the commands that compare hosts have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from wasinet.cli.output import results, write_line
from wasinet.cli.settings import Settings
from wasinet.cli.tracing import readers
from wasinet.cli.values import BadValue
from wasinet.hosts import HOST_NAMES, Host, make_host
from wasinet.render.color import is_terminal, wants_color, width_of
from wasinet.render.table import Table, table_text
from wasinet.render.theme import Painter
from wasinet.wit.data import Data
from wasinet.wit.english import counted

__all__ = ["NATIVE_AND_WASMTIME", "HostPair", "makers", "parse_hosts", "show_table", "traced"]

Attach = Callable[[Host], Host]


class HostPair(Data):
    """The names of the two hosts to compare."""

    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.first},{self.second}"


NATIVE_AND_WASMTIME = HostPair("native", "wasmtime")
"""The two that are compared unless others are named."""

_EXAMPLE = "native,wasmtime"


def parse_hosts(text: str) -> HostPair:
    """Two names of hosts: ``native,wasmtime``.

    Raises:
        BadValue: it is not that.
    """
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in HOST_NAMES:
            raise BadValue(f"{name!r} is no host; there is {', '.join(HOST_NAMES)}")
    if len(names) != 2:
        raise BadValue(f"{text!r} names {counted(len(names), 'host')}, and two are compared; e.g. {_EXAMPLE}")
    return HostPair(names[0], names[1])


@contextmanager
def traced(settings: Settings) -> Iterator[Attach]:
    """What lets the trace that the settings ask for see the calls of a host."""
    wanted = settings.trace or settings.trace_file or settings.trace_summary
    told = readers(settings, Painter(wants_color(settings.color, sys.stderr))) if wanted else []

    def attach(host: Host) -> Host:
        for reader in told:
            host.attach(reader)
        return host

    try:
        yield attach
    finally:
        for reader in told:
            reader.finish()


def makers(hosts: Sequence[str], world: str, attach: Attach = lambda host: host) -> list[Callable[[], Host]]:
    """What makes each of the hosts.

    Raises:
        HostError: one of them is not to be had for this world.
    """

    def maker(name: str) -> Callable[[], Host]:
        return lambda: attach(make_host(name, world))

    for name in hosts:
        make_host(name, world).close()
    return [maker(name) for name in hosts]


def show_table(table: Table, settings: Settings) -> None:
    """Write a table to standard output: drawn on a terminal, else a row a line."""
    stream = results(settings)
    color = wants_color(settings.color, stream)
    write_line(stream, table_text(table, drawn=is_terminal(stream), color=color, width=width_of(stream)))
