"""The table of what the worlds have in common: complete, and about functions that there are."""

from __future__ import annotations

from collections import Counter

import pytest

from wasinet.wit import WORLD_NAMES, load
from wasinet.wit.compare import PAIRS


@pytest.mark.parametrize("world", WORLD_NAMES)
def test_every_function_is_in_one_pair(world: str) -> None:
    declared = load(world)
    found = [declared.find(name) for pair in PAIRS for name in pair[world]]
    assert None not in found
    counted = Counter(function.qualified for function in found if function is not None)
    assert counted == Counter(function.qualified for function in declared.functions.values())


def test_pairs_name_every_world() -> None:
    assert all(tuple(pair) == WORLD_NAMES for pair in PAIRS)
    assert all(any(pair.values()) for pair in PAIRS)
