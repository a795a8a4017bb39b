"""``tcp connect``: a connection to a name and port, or probes that only connect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wasinet.programs.cleanup import Cleanup
from wasinet.programs.events import CallFailed, Event, LocalFailed, SomeFailed
from wasinet.programs.net import Connection, Net, Properties
from wasinet.programs.progress import Progress
from wasinet.programs.reactor import Reactor
from wasinet.programs.tcp import Exchange, StreamOptions
from wasinet.wit.addresses import show_address
from wasinet.wit.data import Data
from wasinet.wit.values import Case

__all__ = ["ATTEMPT_DELAY", "ConnectOptions", "Target", "connect", "interleave", "probe", "tcp_connect"]

ATTEMPT_DELAY = 0.25
"""Seconds between the starts of two attempts (RFC 8305, section 5: Connection Attempt Delay)."""


class Target(Data):
    """What to connect to: a host (name or address), a port, and how it was written.

    ``scope`` is the zone of a link-local address.
    """

    host: str
    port: int
    text: str
    scope: int = 0


class ConnectOptions(Data):
    """How to connect.

    Args:
        family: 4 or 6 to use only that.
        bind: the local address to connect from.
        properties: of the socket.
        timeout: seconds for the whole of connecting, all addresses together.
    """

    family: int | None = None
    bind: Case | None = None
    properties: Properties = ()
    timeout: float | None = None


class _Attempt(Data):
    socket: int
    pollable: int
    address: Case


def interleave(addresses: Sequence[Case]) -> list[Case]:
    """The order of attempts: families take turns, the first address's family first (RFC 8305, section 4)."""
    if not addresses:
        return []
    first = [a for a in addresses if a.name == addresses[0].name]
    other = [a for a in addresses if a.name != addresses[0].name]
    mixed: list[Case] = []
    for index in range(max(len(first), len(other))):
        mixed += first[index : index + 1] + other[index : index + 1]
    return mixed


def connect(net: Net, target: Target, options: ConnectOptions) -> Iterator[Event]:
    """Connect to the first address that answers, starting one attempt after the other (RFC 8305).

    Yields events; the last, ``connected``, has the ``Connection`` in its ``connection`` field, which
    the caller takes out.

    Raises:
        CallFailed: no address answered; the error of the last attempt to fail.
    """
    start = net.now()
    attempts: list[_Attempt] = []
    failure = CallFailed(net.CONNECT, target.text, "timeout", "no address answered in time")
    next_start: int | None = None
    limit = None if options.timeout is None else net.timer(options.timeout)

    def close() -> None:
        for attempt in attempts:
            net.drop(attempt.pollable, attempt.socket)
        net.drop(*[timer for timer in (next_start, limit) if timer is not None])

    with Cleanup(close):
        waiting = interleave(_addresses(net, target, options, limit))
        while waiting or attempts:
            if waiting and (next_start is None or not attempts):
                address = waiting.pop(0)
                yield Event("connecting", address=show_address(address))
                try:
                    attempts.append(_start(net, address, options))
                except CallFailed as error:
                    failure = error
                    yield Event("attempt-failed", address=show_address(address), code=error.code, reason=error.reason)
                    continue
                if waiting:
                    if next_start is not None:
                        net.drop(next_start)
                    next_start = net.timer(ATTEMPT_DELAY)
            for attempt in list(attempts):
                try:
                    connection = net.connect_result(attempt.socket, attempt.address)
                except CallFailed as error:
                    failure = error
                    attempts.remove(attempt)
                    net.drop(attempt.pollable, attempt.socket)
                    if next_start is not None:
                        # The delay is for addresses that do not answer; this one has.
                        net.drop(next_start)
                        next_start = None
                    shown = show_address(attempt.address)
                    yield Event("attempt-failed", address=shown, code=error.code, reason=error.reason)
                    continue
                if connection is not None:
                    attempts.remove(attempt)
                    net.drop(attempt.pollable)
                    yield Event("connected", connection=connection, seconds=round(net.now() - start, 6))
                    return
            if not attempts or (waiting and next_start is None):
                continue
            pollables = [attempt.pollable for attempt in attempts]
            pollables += [timer for timer in (next_start, limit) if timer is not None]
            ready = {pollables[index] for index in net.wait(pollables)}
            if limit in ready and not any(attempt.pollable in ready for attempt in attempts):
                reason = f"no answer within {options.timeout:g} s"
                raise CallFailed(net.CONNECT, target.text, "timeout", reason)
            if next_start in ready and next_start is not None:
                net.drop(next_start)
                next_start = None
        raise failure


def _addresses(net: Net, target: Target, options: ConnectOptions, limit: int | None) -> list[Case]:
    family = options.family
    if family is None and options.bind is not None:
        # From an address of one family only that family can be reached.
        family = int(options.bind.name.removeprefix("ipv"))
    found = net.addresses(target.host, target.port, family, limit)
    if target.scope:
        for address in found:
            if address.name == "ipv6":
                address.payload["scope-id"] = target.scope
    return found


def _start(net: Net, address: Case, options: ConnectOptions) -> _Attempt:
    socket = net.socket("tcp", address, options.properties)
    try:
        if options.bind is not None:
            net.bind("tcp", socket, options.bind)
        net.start_connect(socket, address)
    except CallFailed:
        net.drop(socket)
        raise
    return _Attempt(socket, net.pollable("tcp-socket", socket), address)


def tcp_connect(
    net: Net, target: Target, connecting: ConnectOptions, streams: StreamOptions, *, until_peer_ends: bool = False
) -> Iterator[Event]:
    """Connect, then move bytes both ways until both directions are done.

    Args:
        net: the calls.
        target: what to connect to.
        connecting: how.
        streams: what is sent and where what comes goes.
        until_peer_ends: the peer's end ends it all, although more could be sent: for a person at a
            terminal, who would otherwise have to end a conversation that nobody hears.

    Yields:
        ``connecting``, ``attempt-failed``, ``connected``, ``data``, ``ended``, ``closed``, and where
        they are asked for ``progress`` and ``receiving``.

    Raises:
        CallFailed, LocalFailed, Idle.
    """
    connection: Connection | None = None
    seconds = 0.0
    for event in connect(net, target, connecting):
        if event.name == "connected":
            connection = event.fields["connection"]
            seconds = event.fields["seconds"]
        else:
            yield event
    assert connection is not None
    reactor = Reactor(net)
    with Cleanup(reactor.close):
        try:
            output = streams.open_output(net)
        except LocalFailed:
            net.close(connection)
            raise
        finished: list[Exchange] = []
        exchange = Exchange(reactor, connection, streams, output, finished.append)

        def close() -> None:
            exchange.abandon()
            if output is not None:
                net.drop(output)

        def done() -> bool:
            if until_peer_ends and exchange.ended:
                exchange.stop_sending()
            return bool(finished)

        with Cleanup(close):
            yield exchange.describe("connected", seconds=seconds)
            if streams.progress is not None:
                Progress(reactor, streams.progress, lambda: exchange.moved)
            exchange.start()
            yield from reactor.run(done)
            if exchange.error is not None:
                raise exchange.error
            if output is not None:
                net.flush(output, "")


def probe(
    net: Net, targets: Sequence[Target], options: ConnectOptions, *, count: int = 1, interval: float = 1.0
) -> Iterator[Event]:
    """Only connect to each target, ``count`` times, and report.

    Yields:
        ``probe`` for each try (``ok``, ``seconds`` or ``code``), and ``summary`` for each target.

    Raises:
        SomeFailed: at the end, when any try failed.
    """
    from statistics import median  # not at the start of every connect: it costs a tenth of the start-up

    times: dict[str, list[float]] = {target.text: [] for target in targets}
    for number in range(1, count + 1):
        for target in targets:
            try:
                for event in connect(net, target, options):
                    if event.name == "connected":
                        connection: Connection = event.fields["connection"]
                        seconds: float = event.fields["seconds"]
                        times[target.text].append(seconds)
                        yield Event(
                            "probe",
                            target=target.text,
                            number=number,
                            ok=True,
                            address=connection.peer or None,
                            seconds=seconds,
                        )
                        net.close(connection)
            except CallFailed as error:
                yield Event("probe", target=target.text, number=number, ok=False, code=error.code, reason=error.reason)
        if number < count:
            timer = net.timer(interval)
            net.wait([timer])
            net.drop(timer)
    for target in targets:
        good = sorted(times[target.text])
        yield Event(
            "summary",
            target=target.text,
            sent=count,
            lost=count - len(good),
            min=good[0] if good else None,
            median=median(good) if good else None,
            max=good[-1] if good else None,
        )
    if any(len(good) < count for good in times.values()):
        raise SomeFailed
