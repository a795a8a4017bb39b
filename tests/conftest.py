"""Fixtures for all tests: hosts that are closed, and the check that nothing is left open."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import SECONDS
from wasinet.hosts.native import NativeHost
from wasinet.oscalls.interruption import wake_fd

if TYPE_CHECKING:
    from wasinet.hosts.wasmtime import WasmtimeHost

_OPEN = Path("/proc/self/fd")

# No test reads the configuration of whoever runs it: below a file there is none.
os.environ["XDG_CONFIG_HOME"] = os.devnull


def open_descriptors() -> dict[str, str]:
    """What is open: descriptor to target."""
    found = {}
    for name in os.listdir(_OPEN):
        try:
            found[name] = os.readlink(_OPEN / name)
        except FileNotFoundError:
            continue  # the listing's own descriptor
    return found


# One for the process, made when an engine first needs it.
wake_fd()


@pytest.fixture(autouse=True)
def no_descriptor_leaks() -> Iterator[None]:
    """No test leaves a descriptor open that was not open before."""
    if not _OPEN.exists():
        yield
        return
    before = open_descriptors()
    yield
    for thread in threading.enumerate():
        # A resolver cannot be interrupted, and has sockets of its own until it ends.
        if thread.name.startswith("lookup "):
            thread.join(SECONDS)
    after = open_descriptors()
    leaked = {fd: target for fd, target in after.items() if before.get(fd) != target}
    assert not leaked, f"descriptors left open: {leaked}"


@pytest.fixture
def make_host() -> Iterator[Callable[..., NativeHost]]:
    """Makes native hosts, which are closed at the end of the test."""
    with ExitStack() as stack:

        def make(*args: Any, **kwargs: Any) -> NativeHost:
            host = NativeHost(*args, **kwargs)
            stack.callback(host.close)
            return host

        yield make


@pytest.fixture
def host(make_host: Callable[..., NativeHost]) -> NativeHost:
    """A native host that allows everything."""
    return make_host()


@pytest.fixture(scope="session")
def wasmtime_runtime() -> None:
    """Wasmtime's runtime, whose threads and descriptors stay for as long as the process lives."""
    pytest.importorskip("wasmtime", reason="the package wasmtime is not installed")
    from wasinet.hosts.wasmtime import WasmtimeHost

    WasmtimeHost().close()


@pytest.fixture
def wasmtime_host(wasmtime_runtime: None) -> Iterator[WasmtimeHost]:
    """A host over Wasmtime."""
    from wasinet.hosts.wasmtime import WasmtimeHost

    host = WasmtimeHost()
    yield host
    host.close()


@pytest.fixture
def interrupt() -> Iterator[Callable[[], None]]:
    """Starts a Ctrl-C that comes a moment later, while the test waits."""

    def raise_it(*_: object) -> None:
        raise KeyboardInterrupt

    # Not SIGALRM, which ends tests that take too long.
    before = signal.signal(signal.SIGUSR1, raise_it)
    timer = threading.Timer(0.02, signal.pthread_kill, (threading.main_thread().ident, signal.SIGUSR1))
    yield timer.start
    timer.cancel()
    signal.signal(signal.SIGUSR1, before)
