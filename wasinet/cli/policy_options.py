"""The options that say what a guest may do on the network, and the policy that they make."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from wasinet.cli.ask import TerminalAsker
from wasinet.cli.config_keys import Key, check_flag, check_rules, load, one_of
from wasinet.cli.output import write_file, write_line
from wasinet.cli.settings import Settings
from wasinet.cli.values import BadValue
from wasinet.engine.learning import Learned, Learner
from wasinet.engine.policy import ALLOW_ALL, GUEST, LOOKUP, Policy, PolicyError, Rule, Told
from wasinet.programs.events import LocalFailed
from wasinet.wit.english import counted

__all__ = ["Denials", "learned_lines", "make_policy", "read_policy", "write_learned"]

_BASES = {"none": Policy(), "guest": GUEST, "all": ALLOW_ALL}


POLICY_KEYS = {
    key.name: key
    for key in (
        Key(
            "base", "|".join(_BASES), "What is allowed before any rule; none by default.", one_of(tuple(_BASES), "base")
        ),
        Key("allow", "RULES", "What is allowed.", check_rules),
        Key("deny", "RULES", "What is not, whatever is allowed.", check_rules),
        Key("ask", "true|false", "Ask at the terminal about what no rule speaks of.", check_flag),
    )
}
"""The keys of a policy file."""


def read_policy(path: str) -> dict[str, Any]:
    """What a policy file says, by key.

    Raises:
        BadValue: there is no such file.
        ConfigError: it cannot be read, or is no policy; with file and line.
    """
    try:
        return {one.key.name: one.value for one in load(path, POLICY_KEYS)}
    except FileNotFoundError as error:
        raise BadValue(f"--policy: {path}: {error.strerror}") from None


def make_policy(
    allow: Iterable[str],
    deny: Iterable[str],
    *,
    file: str | None,
    ask: bool,
    asker: TerminalAsker,
    learn: bool,
    told: Told | None,
    own: Callable[[], Iterable[str]],
) -> Policy:
    """The policy that the options describe.

    Args:
        allow: rules beside those of the base: of loopback, or of the file.
        deny: rules that go before.
        file: of ``--policy``.
        ask: let a person decide what no rule speaks of.
        asker: asks them; opened where they are asked.
        learn: allow everything, and remember it.
        told: is told of denials.
        own: for learning, see ``Learner``.

    Raises:
        BadValue: a rule or the file cannot be read, options exclude each other, or nobody can be asked.
    """
    allow, deny = list(allow), list(deny)
    if learn:
        if allow or deny or file or ask:
            raise BadValue("--learn: everything is allowed then; leave out --allow, --deny, --ask and --policy")
        return Learner(own)
    said = read_policy(file) if file else {"base": "guest"}
    base = _BASES[said.get("base", "none")]
    allowed = [*base.allow, *_rules("--allow", (*said.get("allow", ()), *allow))]
    denied = _rules("--deny", (*said.get("deny", ()), *deny))
    asking = bool(ask or said.get("ask"))
    if asking:
        asker.open()
    return Policy(allowed, denied, asker if asking else None, told)


def _rules(option: str, texts: Iterable[str]) -> list[Rule]:
    try:
        return [Rule.parse(text) for text in texts]
    except PolicyError as error:
        raise BadValue(f"{option}: {error}") from None


class Denials:
    """Says on standard error what was denied, and counts what it has said already.

    A guest may be denied any number of things, so both the lines and what is remembered are bounded.
    """

    MOST = 10
    """How many targets of a use are named."""

    def __init__(self) -> None:
        self._said: dict[str, dict[str, int]] = {}
        self._others: dict[str, int] = {}

    def __call__(self, use: str, target: str, hint: str) -> None:
        said = self._said.setdefault(use, {})
        if target in said:
            said[target] += 1
        elif len(said) < self.MOST:
            said[target] = 1
            _say(f"denied {use}{target and ' '}{target}; {hint} would allow it")
        else:
            if use not in self._others:
                _say(f"denied {use} of more than {self.MOST} targets; the others are counted")
            self._others[use] = self._others.get(use, 0) + 1

    def sum_up(self) -> None:
        """Say at the end how often, where that was more often than was said."""
        for use, said in self._said.items():
            for target, count in said.items():
                if count > 1:
                    _say(f"denied {use}{target and ' '}{target} {count:,} times in all")
            if others := self._others.get(use):
                _say(f"denied {use} {others:,} time{'s' if others > 1 else ''} with other targets")


def _say(text: str) -> None:
    try:
        write_line(sys.stderr, f"wasinet: {text}")
    except (LocalFailed, ValueError):
        # Nobody listens; the guest is told by its error.
        pass


def write_learned(settings: Settings, path: str, learned: Sequence[Learned]) -> None:
    """Write the policy that a run needed. Raises LocalFailed."""
    lines = ["# What a run needed, and no more.", 'base = "none"', "allow = ["]
    width = max((len(json.dumps(one.rule)) for one in learned), default=0) + 1
    for one in learned:
        # What JSON escapes in a string, and how, TOML does, too.
        quoted = f"{json.dumps(one.rule)},"
        lines.append(f"  {quoted:<{width}}  # {counted(one.count, 'time')}")
    write_file(settings, path, "\n".join((*lines, "]", "")))


def learned_lines(path: str, learned: Sequence[Learned]) -> list[str]:
    """What was learnt, for people: how many rules, and the nearest that other runtimes have."""
    rules = [Rule.parse(one.rule) for one in learned]
    uses = {rule.use for rule in rules}
    flags = []
    if uses - {LOOKUP}:
        flags.append("inherit-network")
        flags += [f"{kind}=n" for kind in ("tcp", "udp") if not any(use.startswith(kind) for use in uses)]
    if any(rule.name is not None for rule in rules):
        flags.append("allow-ip-name-lookup")
    wasmtime = f"wasmtime run{' -S ' + ','.join(flags) if flags else ''}"
    # Spin has a list for what goes out only, of hosts and ports without a transport.
    outbound = dict.fromkeys(
        f'"*://{one.rule.partition(":")[2]}"'
        for one in learned
        if one.rule.partition(":")[0] in ("tcp-connect", "udp-send")
    )
    return [
        f"learnt {counted(len(learned), 'rule')}; use them with --policy {path}",
        f"{wasmtime}  (its network is all or nothing: addresses, ports and names are not told apart)",
        f"spin: allowed_outbound_hosts = [{', '.join(outbound)}]  (what comes in, it does not allow at all)",
    ]
