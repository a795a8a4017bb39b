"""Every type of value crosses to a component and back: exact at the edges, for any value."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import Store, WasmtimeError

from tests.guests.wat import guest
from wasinet.engine.faults import Trap
from wasinet.hosts.components.component import Component
from wasinet.hosts.components.imports import Imports
from wasinet.wit import load
from wasinet.wit.declare import Function, Interface, Package, World
from wasinet.wit.ends import ends
from wasinet.wit.types import (
    BOOL,
    CHAR,
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    STRING,
    U8,
    U16,
    U32,
    U64,
    Alias,
    Enum,
    Flags,
    List,
    Option,
    Record,
    Resource,
    Result,
    Tuple,
    Type,
    Variant,
)
from wasinet.wit.values import Case, Err, Ok, Some, Value

_COLOR = Enum("color", ("red", "green", "blue"))
_RIGHTS = Flags("rights", ("read", "write", "run"))
_MANY = Flags("many", tuple(f"flag-{number}" for number in range(32)))
_POINT = Record("point", (("x", S16), ("name", STRING), ("z", F64)))
_SHAPE = Variant("shape", (("nothing", None), ("dot", _POINT), ("bytes", List(U8)), ("wide", U64)))
_NESTED = Record("nested", (("shapes", List(_SHAPE)), ("color", Option(_COLOR)), ("rights", _RIGHTS)))
_NETWORK = next(interface.types for interface in load("0.2").interfaces if interface.name == "network")
_ADDRESSES = {name: type_ for name, type_ in _NETWORK.items() if name.endswith("address")}
_ADDRESS = _ADDRESSES["ip-socket-address"]
_NAMED = {str(t): t for t in (_COLOR, _RIGHTS, _MANY, _POINT, _SHAPE, _NESTED)} | _ADDRESSES

_POINT_VALUE = {"x": -3, "name": "höhe", "z": 0.25}

CASES: list[tuple[Type, list[Value]]] = [
    (BOOL, [True, False]),
    *((t, [t.minimum, 0, 1, t.maximum]) for t in (U8, U16, U32, U64, S8, S16, S32, S64)),
    (F32, [0.0, -1.5, math.inf, -math.inf]),
    (F64, [0.1, -0.0, math.inf, 5e-324]),
    (CHAR, ["a", "\0", "ß", "\U0010ffff", "\ud7ff", "\ue000"]),
    (STRING, ["", "plain", "grüße \U0001f600", "\0", "x" * 70_000]),
    (List(U8), [b"", b"\0", bytes(range(256)), *((bytes(range(256)) * 512)[: 65_536 + n] for n in (-1, 0, 1, 65_536))]),
    (List(U32), [[], [0], list(range(3000))]),
    (List(STRING), [[], ["", "a"], ["b"] * 500]),
    (List(List(U8)), [[], [b""], [b"a", b"bc"]]),
    (List(Tuple((STRING, STRING))), [[("A", "1"), ("", "")]]),
    (Tuple((U8, S64, STRING)), [(255, -1, "t")]),
    (Option(U8), [None, Some(0)]),
    (Option(Option(STRING)), [None, Some(None), Some(Some("x"))]),
    (Result(), [Ok(), Err()]),
    (Result(U16), [Ok(65535), Err()]),
    (Result(None, _COLOR), [Ok(), Err("blue")]),
    (Result(List(U8), STRING), [Ok(b"ab"), Err("no")]),
    (_COLOR, list(_COLOR.cases)),
    (_RIGHTS, [frozenset(), frozenset({"run"}), frozenset(_RIGHTS.flags)]),
    (_MANY, [frozenset(), frozenset({"flag-31"}), frozenset(_MANY.flags)]),
    (_POINT, [_POINT_VALUE]),
    (_SHAPE, [Case("nothing"), Case("dot", _POINT_VALUE), Case("bytes", b"\1\2"), Case("wide", 2**64 - 1)]),
    (
        _NESTED,
        [
            {"shapes": [], "color": None, "rights": frozenset()},
            {
                "shapes": [Case("dot", _POINT_VALUE), Case("nothing"), Case("bytes", b"z")] * 20,
                "color": Some("red"),
                "rights": frozenset({"read", "write"}),
            },
        ],
    ),
    (Alias("handle", U32, Resource("thing")), [7]),
    (_ADDRESS, ends(_ADDRESS)),
]

# So many values beside it that both a result and parameters go through memory, where they look alike:
# what the guest is given at an address it can give back from there, whatever the type.
_PADDING = Tuple((U32,) * 17)
_PADDED = tuple(range(17))


def _world(type_: Type) -> World:
    padded = Tuple((type_, _PADDING))
    functions = (
        Function("values", "give", (), padded, "Gives."),
        Function("values", "take", (("value", padded),), None, "Takes."),
    )
    return World("test", (Package("test:abi@0.2.12", (Interface("values", _NAMED, functions),)),), {}, ())


_BODY = """
  (call $values-give (i32.const 1024))
  (call $values-take (i32.const 1024))
  (call $reset) (i32.const 0)
"""


class Bench:
    """A component that is given a value and gives it back.

    Args:
        path: where its text goes.
        theirs: the value's type as the component declares it.
        ours: as we do.
        give: what answers ``give``.
        take: what answers ``take``.
        body: what the component does.
    """

    def __init__(
        self,
        path: Path,
        theirs: Type,
        ours: Type,
        give: Callable[[], Value],
        take: Callable[[Value], None],
        body: str = _BODY,
    ) -> None:
        path.write_text(guest(_world(theirs), body))
        component = Component(str(path))
        self.store = Store(component.engine)
        self.store.set_epoch_deadline(1)
        self.imports = Imports(self.store)
        operations: dict[str, Callable[..., Value]] = {"give": give, "take": take}
        functions = [(function, operations[function.name]) for function in _world(ours).interfaces[0].functions]
        self.imports.interface("test:abi/values@0.2.12", functions, {})
        instance = self.imports.instantiate(component.compiled)
        at = instance.get_export_index(self.store, "wasi:cli/run@0.2.12")
        index = instance.get_export_index(self.store, "run", at)
        assert index is not None
        found = instance.get_func(self.store, index)
        assert found is not None
        self._function = found

    def run(self) -> None:
        self._function(self.store)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()
        self.imports.close()


class Echo(Bench):
    """A component that gives back what it is given, for one type."""

    def __init__(self, path: Path, type_: Type) -> None:
        self.given: Value = None
        self.taken: list[Value] = []
        super().__init__(path, type_, type_, lambda: (self.given, _PADDED), self.taken.append)

    def echo(self, value: Value) -> Value:
        self.given = value
        self.run()
        taken, padding = self.taken.pop()
        assert padding == _PADDED
        return taken


@pytest.mark.parametrize(("type_", "values"), CASES, ids=[str(type_) for type_, _ in CASES])
def test_values_come_back(type_: Type, values: list[Value], tmp_path: Path) -> None:
    with Echo(tmp_path / "echo.wat", type_) as echo:
        for value in values:
            back = echo.echo(value)
            assert back == value
            assert type(back) is type(value)


def test_nan_is_nan(tmp_path: Path) -> None:
    for type_ in (F32, F64):
        with Echo(tmp_path / f"{type_}.wat", type_) as echo:
            assert math.isnan(echo.echo(math.nan))


def test_a_buffer_is_a_list_of_bytes(tmp_path: Path) -> None:
    with Echo(tmp_path / "echo.wat", List(U8)) as echo:
        assert echo.echo(memoryview(b"abc")) == b"abc"
        assert echo.echo(bytearray(b"abc")) == b"abc"


def test_more_bytes_than_there_is_room_for(tmp_path: Path) -> None:
    with Echo(tmp_path / "echo.wat", List(U8)) as echo:
        with pytest.raises(WasmtimeError, match="more than the 8388608 that a guest can be given"):
            echo.echo(bytes((8 << 20) + 1))
        assert isinstance(echo.imports.raised, Trap)


def test_a_lone_surrogate_is_replaced(tmp_path: Path) -> None:
    with Echo(tmp_path / "echo.wat", STRING) as echo:
        assert echo.echo("a\udcffb") == "a?b"


_VALUES: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "shapes": st.lists(
            st.one_of(
                st.just(Case("nothing")),
                st.builds(
                    lambda x, name, z: Case("dot", {"x": x, "name": name, "z": z}),
                    st.integers(S16.minimum, S16.maximum),
                    st.text(st.characters(exclude_categories=["Cs"])),
                    st.floats(allow_nan=False),
                ),
                st.builds(lambda data: Case("bytes", data), st.binary()),
                st.builds(lambda value: Case("wide", value), st.integers(0, U64.maximum)),
            )
        ),
        "color": st.one_of(st.none(), st.sampled_from(_COLOR.cases).map(Some)),
        "rights": st.frozensets(st.sampled_from(_RIGHTS.flags)),
    }
)


def test_any_nested_value_comes_back(tmp_path: Path) -> None:
    with Echo(tmp_path / "echo.wat", _NESTED) as echo:

        @given(_VALUES)
        def check(value: Value) -> None:
            assert echo.echo(value) == value

        check()


def test_an_empty_record_is_no_payload(tmp_path: Path) -> None:
    """Components may not have empty records; the draft's ``stream-error`` is one."""
    taken: list[Value] = []
    given = [Ok(7), Err({})]
    ours = Result(U8, Record("nothing", ()))
    with Bench(tmp_path / "e.wat", Result(U8), ours, lambda: (given[len(taken)], _PADDED), taken.append) as bench:
        bench.run()
        bench.run()
    assert [value for value, _ in taken] == [Ok(7), Err(None)]


class _Interrupted(BaseException):
    """Stands for KeyboardInterrupt and SystemExit."""


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(3), _Interrupted(), Trap("a rule"), ValueError("nul \0, \ud800")]
)
def test_no_exception_crosses_a_callback(error: BaseException, tmp_path: Path) -> None:
    def fail() -> Value:
        raise error

    def never(value: Value) -> None:
        raise AssertionError("the component went on")

    with Bench(tmp_path / "ended.wat", U8, U8, fail, never) as bench:
        with pytest.raises(WasmtimeError):
            bench.run()
        assert bench.imports.raised is error


_OTHERS: list[tuple[Type, Type, int]] = [
    (STRING, U64, 1),
    (List(U8), List(U16), 2),
    (List(U8), STRING, 1),
    (List(STRING), List(U64), 8),
    (U8, STRING, 1),
    (_POINT, Tuple((S16, STRING, F64)), 0),
    (Tuple((U8, U8)), Tuple((U8, U8, U8)), 1),
    (_COLOR, _RIGHTS, 1),
    (Enum("color", ("red",)), _COLOR, 1),
    (Flags("rights", ("write",)), _RIGHTS, 1),
    (Option(U8), Result(U8), 1),
    (Result(U8, STRING), Result(STRING, U8), 1),
    (Result(U8), Result(), 0),
    (Result(), Result(U8), 0),
    (_SHAPE, Option(U8), 1),
    (Variant("shape", (("dot", None),)), _SHAPE, 0),
]
"""Our type, the component's own, and the first word of the value: a discriminant, an address or a number."""


@pytest.mark.parametrize(("ours", "theirs", "word"), _OTHERS, ids=[f"{a} for {b}" for a, b, _ in _OTHERS])
def test_another_type_than_declared_traps(ours: Type, theirs: Type, word: int, tmp_path: Path) -> None:
    """What a component says of its imports is its own word, and no pointer is followed on that word."""
    taken: list[Value] = []
    body = f"(i32.store (i32.const 1024) (i32.const {word})) (i32.store (i32.const 1028) (i32.const 1))"
    body += "(call $values-take (i32.const 1024)) (i32.const 0)"
    with Bench(tmp_path / "other.wat", theirs, ours, lambda: None, taken.append, body) as bench:
        with pytest.raises(WasmtimeError):
            bench.run()
        assert isinstance(bench.imports.raised, Trap), bench.imports.raised
        assert not taken


def test_a_result_of_another_type_ends_the_component(tmp_path: Path) -> None:
    def never(value: Value) -> None:
        raise AssertionError("the component went on")

    with Bench(tmp_path / "other.wat", U8, STRING, lambda: ("text", _PADDED), never) as bench:
        with pytest.raises(WasmtimeError):
            bench.run()
        assert bench.imports.raised is None
