"""The file of known divergences: what it may say, whom an entry concerns, and that every shipped one reproduces."""

from __future__ import annotations

import pytest

from tests.conformance.support import BOTH, WORLD
from wasinet.conformance.deviations import Deviation, host_version, known, load
from wasinet.conformance.stale import check
from wasinet.script.transcript import CallLine, Transcript

ENTRY = """
[[deviation]]
name = "a"
host = "wasmtime"
versions = ["47"]
functions = ["tcp-socket.*"]
outcomes = ["ok*"]
others = ["err(invalid-state)"]
verdict = "violation"
clause = "c"
why = "w"
evidence = "> create-tcp-socket(ipv4)"
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[[deviation]]", "[[deviation", "deviations.toml: "),
        ('name = "a"', "", "deviations.toml: an entry without a name: name must be a text"),
        ('name = "a"', "name = 5", "deviations.toml: 5: name must be a text"),
        ('clause = "c"', 'clause = " "', "deviations.toml: a: clause must be a text"),
        ('why = "w"', "", "deviations.toml: a: why must be a text"),
        ('why = "w"', 'why = "w"\nwhen = "now"', "deviations.toml: a: no field is named when"),
        ('["ok*"]', "[]", "deviations.toml: a: outcomes must not be empty"),
        ('["ok*"]', '"ok*"', "deviations.toml: a: outcomes must be a list of texts"),
        ('["ok*"]', "[5]", "deviations.toml: a: outcomes must be a list of texts"),
        ('"violation"', '"bad"', "deviations.toml: a: verdict must be allowed, unspecified, violation, not bad"),
    ],
)
def test_malformed_entries(old: str, new: str, message: str) -> None:
    assert old in ENTRY
    with pytest.raises(ValueError, match=r"^deviations") as raised:
        load(ENTRY.replace(old, new))
    assert str(raised.value).startswith(message)


def test_names_are_unique() -> None:
    with pytest.raises(ValueError, match="there are two entries a"):
        load(ENTRY * 2)


@pytest.mark.parametrize(
    ("versions", "version", "concerned"),
    [
        ('"47"', "47.0.1", True),
        ('"47.0"', "47.0.1", True),
        ('"47.0.1"', "47.0.1", True),
        ('"47.0.2"', "47.0.1", False),
        ('"4"', "47.0.1", False),
        ('"46", "47"', "47.0.1", True),
        ('"47.0.1.2"', "47.0.1", False),
    ],
)
def test_versions(versions: str, version: str, concerned: bool) -> None:
    (entry,) = load(ENTRY.replace('"47"', versions))
    assert entry.concerns("wasmtime", version) is concerned
    assert not entry.concerns("native", version)


@pytest.mark.parametrize(
    ("more", "call", "covered"),
    [
        ("", ("tcp-socket.accept", "s.accept()", "closed", (), "ok(#1)", "err(invalid-state)"), True),
        ("", ("udp-socket.stream", "s.stream()", "closed", (), "ok(#1)", "err(invalid-state)"), False),
        ("", ("tcp-socket.accept", "s.accept()", "closed", (), "err(timeout)", "err(invalid-state)"), False),
        ("", ("tcp-socket.accept", "s.accept()", "closed", (), "ok(#1)", "err(invalid-state) "), False),
        ('states = ["closed"]', ("tcp-socket.x", "", "closed", (), "ok", "err(invalid-state)"), True),
        ('states = ["bound"]', ("tcp-socket.x", "", "closed", (), "ok", "err(invalid-state)"), False),
        ('calls = ["*::1*"]', ("tcp-socket.x", "s.x([::1]:0)", "", (), "ok", "err(invalid-state)"), True),
        ('calls = ["*::1*"]', ("tcp-socket.x", "s.x(1.1.1.1:0)", "", (), "ok", "err(invalid-state)"), False),
        ('after = ["f"]', ("tcp-socket.x", "", "", ("f", "anywhere f"), "ok", "err(invalid-state)"), True),
        ('after = ["f"]', ("tcp-socket.x", "", "", ("anywhere f",), "ok", "err(invalid-state)"), False),
        ('after = ["f"]', ("tcp-socket.x", "", "", (), "ok", "err(invalid-state)"), False),
    ],
)
def test_what_an_entry_covers(more: str, call: tuple[str, str, str, tuple[str, ...], str, str], covered: bool) -> None:
    (entry,) = load(ENTRY.replace('why = "w"', f'why = "w"\n{more}'))
    assert entry.covers(*call) is covered


@pytest.mark.usefixtures("wasmtime_runtime")
def test_the_shipped_entries_are_of_the_installed_versions_and_concise() -> None:
    entries = known(BOTH)
    assert entries
    for entry in entries:
        assert entry.why.endswith(".")
        assert any(parts and host_version(entry.host).startswith(parts) for parts in entry.versions)
        script = Transcript.parse(entry.evidence)
        assert all(isinstance(line, CallLine) for line in script.lines)
        for pattern in entry.functions:
            if "*" not in pattern:
                assert WORLD.find(pattern) is not None, pattern


@pytest.mark.usefixtures("wasmtime_runtime")
@pytest.mark.parametrize("entry", known(BOTH), ids=lambda entry: entry.name)
def test_a_shipped_entry_reproduces(entry: Deviation) -> None:
    (checked,) = check((entry,))
    assert checked.reproduces


@pytest.mark.usefixtures("wasmtime_runtime")
def test_an_entry_that_no_longer_reproduces_is_stale() -> None:
    checked = list(check(load(ENTRY)))
    assert [one.reproduces for one in checked] == [False]
