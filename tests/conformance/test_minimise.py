"""Delta debugging: what is left fails, and no single item of it can go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wasinet.conformance.minimise import minimise


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40).map(tuple), st.data())
def test_exactly_what_is_needed_stays(items: tuple[int, ...], data: st.DataObject) -> None:
    positions = data.draw(st.sets(st.integers(0, len(items) - 1), min_size=1, max_size=4))
    numbered = tuple(enumerate(items))
    needed = tuple(numbered[position] for position in sorted(positions))
    assert minimise(numbered, lambda part: set(needed) <= set(part)) == needed


@given(st.lists(st.integers(0, 9), max_size=30).map(tuple).filter(lambda items: sum(items) > 12))
def test_no_single_item_can_go(items: tuple[int, ...]) -> None:
    left = minimise(items, lambda part: sum(part) > 12)
    assert sum(left) > 12
    assert all(sum(left) - item <= 12 for item in left)
