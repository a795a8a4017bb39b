"""Handles across the boundary: owned and borrowed, alone and inside other values, and their drops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wasmtime import Store, WasmtimeError

from tests.guests.wat import guest
from wasinet.engine.faults import Trap
from wasinet.hosts.components.component import Component
from wasinet.hosts.components.imports import Imports
from wasinet.wit.declare import Function, Interface, Package, World
from wasinet.wit.types import U32, Borrow, List, Option, Own, Resource, Result, Tuple
from wasinet.wit.values import Err, Ok, Some, Value

_THING = Resource("thing")
_OTHER = Resource("other")
_FUNCTIONS = (
    Function("things", "make", (), Own(_THING), ""),
    Function("things", "make-other", (), Own(_OTHER), ""),
    Function("things", "try-make", (("number", U32),), Result(Own(_THING), U32), ""),
    Function("things", "pair", (), Tuple((Own(_THING), Option(Own(_THING)))), ""),
    Function("things", "thing.look", (), U32, "", resource=_THING),
    Function("things", "look-all", (("all", List(Borrow(_THING))),), List(U32), ""),
    Function("things", "take", (("one", Own(_THING)),), None, ""),
    Function("things", "take-some", (("one", Option(Own(_THING))), ("two", Option(Own(_THING)))), None, ""),
)
_WORLD = World(
    "test",
    (Package("test:abi@0.2.12", (Interface("things", {"thing": _THING, "other": _OTHER}, _FUNCTIONS),)),),
    {},
    (),
)


class Things:
    """Answers the imports with numbers from 100 on, and remembers what it was asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = 99
        self.seen: list[Any] = []
        self.dropped: list[int] = []
        self.drop: Callable[[int], None] = self.dropped.append

    def make(self) -> int:
        self.last += 1
        return self.last

    def try_make(self, number: int) -> Value:
        return Ok(self.make()) if number else Err(5)

    def pair(self) -> Value:
        return self.make(), Some(self.make())

    def look(self, this: int) -> int:
        self.seen.append(this)
        return this

    def look_all(self, every: list[int]) -> list[int]:
        self.seen.append(every)
        return every[::-1]

    def take(self, *taken: Value) -> None:
        self.seen.append(taken)

    def run(self, body: str) -> int:
        self.path.write_text(guest(_WORLD, body))
        component = Component(str(self.path))
        store = Store(component.engine)
        store.set_epoch_deadline(1)
        self.imports = Imports(store)
        answers: dict[str, Callable[..., Value]] = {
            "make": self.make,
            "make-other": self.make,
            "try-make": self.try_make,
            "pair": self.pair,
            "thing.look": self.look,
            "look-all": self.look_all,
            "take": self.take,
            "take-some": self.take,
        }
        try:
            self.imports.interface(
                "test:abi/things@0.2.12",
                [(function, answers[function.name]) for function in _FUNCTIONS],
                {"thing": self._drop, "other": self._drop},
            )
            instance = self.imports.instantiate(component.compiled)
            index = instance.get_export_index(store, "run", instance.get_export_index(store, "wasi:cli/run@0.2.12"))
            assert index is not None
            function = instance.get_func(store, index)
            assert function is not None
            return 0 if function(store).tag == "ok" else 1
        finally:
            store.close()
            self.imports.close()

    def _drop(self, handle: int) -> None:
        self.drop(handle)


@pytest.fixture
def things(tmp_path: Path) -> Things:
    return Things(tmp_path / "things.wat")


def test_made_looked_at_and_dropped(things: Things) -> None:
    body = """(local $a i32) (local $b i32)
      (local.set $a (call $things-make)) (local.set $b (call $things-make))
      (drop (call $things-thing-look (local.get $b)))
      (drop (call $things-thing-look (local.get $a)))
      (call $drop-thing (local.get $a))
      (i32.ne (call $things-thing-look (local.get $b)) (i32.const 101))
    """
    assert things.run(body) == 0
    assert things.seen == [101, 100, 101]
    assert things.dropped == [100]


def test_inside_a_result(things: Things) -> None:
    body = """
      (call $things-try-make (i32.const 0) (i32.const 0))
      (if (i32.ne (i32.load8_u (i32.const 0)) (i32.const 1)) (then (return (i32.const 1))))
      (if (i32.ne (i32.load (i32.const 4)) (i32.const 5)) (then (return (i32.const 1))))
      (call $things-try-make (i32.const 1) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
      (call $drop-thing (i32.load (i32.const 4)))
      (i32.const 0)
    """
    assert things.run(body) == 0
    assert things.dropped == [100]


def test_inside_a_tuple_and_an_option(things: Things) -> None:
    body = """
      (call $things-pair (i32.const 0))
      (if (i32.ne (i32.load8_u (i32.const 4)) (i32.const 1)) (then (return (i32.const 1))))
      (call $drop-thing (i32.load (i32.const 8)))
      (call $drop-thing (i32.load (i32.const 0)))
      (i32.const 0)
    """
    assert things.run(body) == 0
    assert things.dropped == [101, 100]


@pytest.mark.parametrize("count", [0, 1, 500])
def test_a_list_of_borrows(things: Things, count: int) -> None:
    body = f"""(local $i i32)
      (if (i32.const {count}) (then (loop $l
        (i32.store (i32.add (i32.const 512) (i32.mul (local.get $i) (i32.const 4))) (call $things-make))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {count}))))))
      (call $things-look-all (i32.const 512) (i32.const {count}) (i32.const 0))
      (i32.ne (i32.load (i32.const 4)) (i32.const {count}))
    """
    assert things.run(body) == 0
    assert things.seen == [list(range(100, 100 + count))]
    assert things.dropped == []


def test_given_away(things: Things) -> None:
    body = """(local $a i32)
      (local.set $a (call $things-make))
      (call $things-take (local.get $a))
      (call $things-take-some (i32.const 1) (call $things-make) (i32.const 0) (i32.const 0))
      (i32.const 0)
    """
    assert things.run(body) == 0
    assert things.seen == [(100,), (Some(101), None)]
    assert things.dropped == []


_MADE = "(local $a i32) (local.set $a (call $things-make))"


@pytest.mark.parametrize(
    "body",
    [
        "(drop (call $things-thing-look (i32.const 1234))) (i32.const 0)",
        "(call $drop-thing (i32.const 1234)) (i32.const 0)",
        f"{_MADE} (call $drop-thing (local.get $a)) (call $drop-thing (local.get $a)) (i32.const 0)",
        f"{_MADE} (call $things-take (local.get $a)) (call $drop-thing (local.get $a)) (i32.const 0)",
        "(drop (call $things-thing-look (call $things-make-other))) (i32.const 0)",
    ],
    ids=["no handle", "no handle to drop", "dropped twice", "given away", "of another type"],
)
def test_what_the_component_model_forbids(things: Things, body: str) -> None:
    with pytest.raises(WasmtimeError):
        things.run(body)
    assert things.imports.raised is None


def test_a_drop_that_traps(things: Things) -> None:
    def refuse(handle: int) -> None:
        raise Trap("it has children")

    things.drop = refuse
    with pytest.raises(WasmtimeError, match="it has children"):
        things.run("(call $drop-thing (call $things-make)) (i32.const 0)")
    assert isinstance(things.imports.raised, Trap)
