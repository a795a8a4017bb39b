"""Fixtures for all tests: hosts that are closed, and the check that nothing is left open."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support import SECONDS, THOROUGH
from wasinet.hosts.native import NativeHost
from wasinet.oscalls.interruption import wake_fd

if TYPE_CHECKING:
    from wasinet.hosts.wasmtime import WasmtimeHost

_OPEN = Path("/proc/self/fd")

# No test reads the configuration of whoever runs it: below a file there is none.
os.environ["XDG_CONFIG_HOME"] = os.devnull


# How many random cases a property is tried with. Time says nothing: the machine may be busy.
settings.register_profile("small", max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("thorough", settings.get_profile("small"), max_examples=3000)
settings.load_profile("thorough" if THOROUGH else "small")


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


def waits(thread: int) -> bool:
    """Whether a thread of this process sleeps in a call that waits for descriptors or a time."""
    task = Path(f"/proc/self/task/{thread}")
    if not task.exists():
        return True
    asleep = task.joinpath("stat").read_text(encoding="ascii").rpartition(") ")[2].startswith("S")
    where = task.joinpath("wchan").read_text(encoding="ascii")
    # A kernel that keeps the place to itself says 0.
    return asleep and ("poll" in where or "sleep" in where or where == "0")


@pytest.fixture
def interrupt() -> Iterator[Callable[[], None]]:
    """Starts a Ctrl-C that comes when the test waits."""
    main, over = threading.main_thread(), threading.Event()

    def raise_it(number: int, frame: FrameType | None) -> None:
        # Not when the test has failed before it waited: that would end pytest.
        while frame is not None:
            if frame.f_code.co_name.startswith("test_"):
                raise KeyboardInterrupt
            frame = frame.f_back

    def work() -> None:
        # A wait that finds itself ready again and again does not sleep.
        last = time.monotonic() + 1.0
        while not over.wait(0.01):
            assert main.native_id is not None
            if main.ident is not None and (waits(main.native_id) or time.monotonic() > last):
                signal.pthread_kill(main.ident, signal.SIGUSR1)
                return

    # Not SIGALRM, which ends tests that take too long.
    before = signal.signal(signal.SIGUSR1, raise_it)
    thread = threading.Thread(target=work)
    yield thread.start
    over.set()
    if thread.ident is not None:
        thread.join()
    signal.signal(signal.SIGUSR1, before)
