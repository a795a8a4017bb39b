from __future__ import annotations

from wasinet.wit.values import OK, Case, Err, Ok, Some


def test_wrappers_compare_by_class_and_value() -> None:
    assert Ok(1) == Ok(1)
    assert Ok() == OK
    assert Ok(1) != Err(1)
    assert Some(1) != Ok(1)
    assert {Some(1), Some(1)} == {Some(1)}


def test_the_reason_of_an_error_takes_no_part_in_comparison() -> None:
    assert Err("timeout", "no answer in 5s") == Err("timeout")
    assert Err("timeout", "no answer in 5s").reason == "no answer in 5s"


def test_cases_compare_by_name_and_payload_and_may_hold_what_cannot_be_hashed() -> None:
    address = Case("ipv4", {"port": 80, "address": (127, 0, 0, 1)})
    assert address == Case("ipv4", {"port": 80, "address": (127, 0, 0, 1)})
    assert address != Case("ipv6", address.payload)
    assert len({address, Case("ipv4", dict(address.payload))}) == 1


def test_they_match_in_patterns() -> None:
    match Ok(Some(Case("ipv4", 1))):
        case Ok(Some(Case("ipv4", payload))):
            assert payload == 1
        case _:
            raise AssertionError
