"""One component for every 0.2 socket function, unchanged on Wasmtime's own host and on ours.

The forwarder of ``wasinet.hosts.forwarder`` imports all functions but ``network-error-code``, which
Wasmtime does not link. Here the engine answers its imports, so that each call of a shipped transcript
goes out through a real guest, and its outcome is compared with what the same guest gets from Wasmtime.
"""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import pytest

from wasinet import wit
from wasinet.conformance.compare import compare
from wasinet.conformance.deviations import known
from wasinet.conformance.judge import Judge
from wasinet.conformance.scripts import shipped
from wasinet.engine.faults import Trap
from wasinet.engine.policy import ALLOW_ALL, Policy
from wasinet.engine.program import Program
from wasinet.hosts.components.component import Component
from wasinet.hosts.components.imports import Imports
from wasinet.hosts.forwarder import forwarder
from wasinet.hosts.guest import _ProgramHost
from wasinet.hosts.limits import Limits
from wasinet.hosts.runtime import MISSING, Instance, RuntimeTrap
from wasinet.hosts.wasmtime import WasmtimeHost
from wasinet.script.replay import replay
from wasinet.script.transcript import Transcript

pytestmark = pytest.mark.usefixtures("wasmtime_runtime")

WORLD = wit.load("0.2")
SCRIPTS = [script for script in shipped() if "%network" not in script.text]


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory, wasmtime_runtime: None) -> Component:
    path = tmp_path_factory.mktemp("forwarder") / "forwarder.wat"
    path.write_text(forwarder(WORLD, MISSING))
    return Component(str(path))


def on_the_engine(component: Component, policy: Policy = ALLOW_ALL) -> type[WasmtimeHost]:
    """The same component behind the same calls, with our engine below it."""

    class EngineInstance(Instance):
        def _instantiate(self) -> tuple[Any, Any]:
            from wasmtime import Store

            native = _ProgramHost(Program(), policy, Limits(), None, None, "0.2")
            store = Store(component.engine)
            store.set_epoch_deadline(1)
            imports = self._imports = Imports(store)

            def close() -> None:
                store.close()
                imports.close()
                native.close()

            self._closing = weakref.finalize(self, close)
            for found in component.answered(WORLD):
                imports.interface(found.name, *native.answers(found))
            return store, imports.instantiate(component.compiled)

        def _trap(self, error: int) -> RuntimeTrap:
            trap = super()._trap(error)
            raised, self._imports.raised = self._imports.raised, None
            return RuntimeTrap(raised.message) if isinstance(raised, Trap) else trap

    class EngineHost(WasmtimeHost):
        new_instance = EngineInstance

    return EngineHost


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: Path(script.path).stem)
def test_a_transcript_through_a_guest_on_the_engine(component: Component, script: Transcript) -> None:
    report = replay(script, on_the_engine(component))
    # What Wasmtime does not link, the component does not import; and a trap ends a guest with all that it has.
    assert [
        found
        for found in report.mismatches
        if "network-error-code" not in found.call and "a trap ended the instance" not in found.got
    ] == [], report.diff()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: Path(script.path).stem)
def test_the_same_guest_on_both_hosts(component: Component, script: Transcript) -> None:
    hosts = ("native", "wasmtime")
    judge = Judge(WORLD, hosts, known(hosts))
    comparison = compare(script, (on_the_engine(component), WasmtimeHost), judge)
    # Where the texts leave no choice there is a known divergence, with its clause, and of Wasmtime's.
    assert [found for found in comparison.differences if found.verdict.news] == []
    assert {found.verdict.host for found in comparison.differences if found.verdict.bad} <= {"wasmtime"}


def test_every_function_is_called_through_the_guest(component: Component) -> None:
    called: set[str] = set()

    def make() -> WasmtimeHost:
        host = on_the_engine(component)()
        host.attach(lambda record: called.add(record.function.qualified))
        return host

    for script in SCRIPTS:
        replay(script, make)
    assert {f.qualified for key, f in WORLD.functions.items() if key not in MISSING} - called == set()
