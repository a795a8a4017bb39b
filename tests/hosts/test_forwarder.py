"""The forwarder: every function once, at addresses that the caller knows."""

from __future__ import annotations

import re

import pytest

from wasinet import wit
from wasinet.hosts.forwarder import BASE, drop_export, export_name, forwarder, result_base
from wasinet.hosts.runtime import MISSING

WORLD = wit.load("0.2")


def exports(text: str) -> list[str]:
    """What the component itself exports; what its core modules export is indented deeper."""
    return re.findall(r'^  \(func \(export "([^"]+)"\)', text, re.MULTILINE)


def test_every_function_and_every_drop_once() -> None:
    every = [export_name(function) for function in WORLD.functions.values()]
    drops = [drop_export(kind) for kind in WORLD.resources]
    assert sorted(exports(forwarder(WORLD))) == sorted(every + drops)
    assert len(set(every + drops)) == len(every + drops)


def test_what_is_missing_is_left_out() -> None:
    text = forwarder(WORLD, MISSING)
    left = set(exports(forwarder(WORLD))) - set(exports(text))
    assert left == {export_name(WORLD.functions[key]) for key in MISSING}
    assert "network-error-code" not in text


@pytest.mark.parametrize(("arguments", "expected"), [(0, 16), (1, 24), (8, 24), (9, 32)])
def test_where_a_result_lies(arguments: int, expected: int) -> None:
    assert (BASE, result_base(arguments)) == (16, expected)


def test_wasmtime_takes_it(wasmtime_runtime: None) -> None:
    from wasmtime import Engine
    from wasmtime.component import Component

    component = Component(Engine(), forwarder(WORLD, MISSING))
    assert {name.partition("@")[0] for name in component.type.imports(Engine())} == {
        f"{package.name.partition('@')[0]}/{interface.name}"
        for package in WORLD.packages
        for interface in package.interfaces
    }
