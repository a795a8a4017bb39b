"""Networks: capabilities with a policy, and the decisions that operations wait for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from wasinet.engine.domain import Domain
from wasinet.engine.faults import Fail
from wasinet.engine.policy import ALLOW, ASK
from wasinet.engine.resource import NEVER, READY, Interest, Resource
from wasinet.wit.values import Case

if TYPE_CHECKING:
    from wasinet.engine.context import Context

__all__ = ["Network", "Operation", "instance_network", "permit", "permit_creation"]


class Network(Resource):
    """A ``network`` handle."""

    kind = "network"
    engine: Context
    __slots__ = ("domain",)

    def __init__(self, engine: Context, domain: Domain) -> None:
        super().__init__(engine)
        self.domain = domain

    @property
    def state(self) -> str:
        return self.domain.name


def instance_network(engine: Context) -> int:
    """A new handle of the session's default network (instance-network.instance-network)."""
    return Network(engine, engine.domain).handle


class Operation:
    """An operation between its ``start-`` and its ``finish-``.

    It first waits for the policy's decision, which a person may take their time over, then runs.
    What the run raises is kept for ``finish-``.

    Args:
        engine: for waking waits when the decision falls.
        domain: the network whose policy decides.
        use: what is about to be done, in the policy's words: ``tcp-bind``.
        target: the socket address or name.
        in_kernel: what ``run`` begins is the kernel's to finish, when the socket becomes writable.
        run: does it, given ``arguments``.

    Raises:
        Fail: access-denied where the policy denies at once.
    """

    # The engine, what to run and the answer are needed, and so there, only where somebody is asked.
    __slots__ = ("_answer", "_engine", "_run", "_withdraw", "error", "in_kernel", "settled", "target")

    def __init__(
        self,
        engine: Context,
        domain: Domain,
        use: str,
        target: Case | str,
        in_kernel: bool,
        run: Callable[..., object],
        *arguments: object,
    ) -> None:
        self.in_kernel = in_kernel
        self.target = target
        self.error: Exception | None = None
        self.settled = True
        verdict = ALLOW if domain.policy.open else domain.decide(use, target)
        if verdict is ALLOW:
            try:
                run(*arguments)
            except (OSError, Fail) as error:
                self.error = error
        elif verdict is ASK:
            self._ask(engine, domain, use, partial(run, *arguments))
        else:
            raise domain.denied(use, target)

    def _ask(self, engine: Context, domain: Domain, use: str, run: Callable[[], object]) -> None:
        self._engine = engine
        self._run = run
        self._answer: Fail | bool = False
        self._withdraw: Callable[[], None] | None = None
        self.settled = False
        engine.poller.expect_wake(1)
        try:
            self._withdraw = domain.policy.ask(use, self.target, self._answered, domain.answers)
        except BaseException:
            self.cancel()
            raise

    def _answered(self, fail: Fail | None) -> None:
        # May come from any thread, so it leaves the engine alone but for the wake.
        self._answer = fail or True
        self._engine.poller.wake()

    def advance(self) -> bool:
        """Run it if the answer has come; whether it has."""
        if not self.settled and self._answer:
            self.settled = True
            self._engine.poller.expect_wake(-1)
            if isinstance(self._answer, Fail):
                self.error = self._answer
            else:
                try:
                    self._run()
                except (OSError, Fail) as error:
                    self.error = error
        return self.settled

    def cancel(self) -> None:
        """Nobody waits for the decision any more; an answer that still comes does nothing."""
        if not self.settled:
            self.settled = True
            self._engine.poller.expect_wake(-1)
            if self._withdraw is not None:
                self._withdraw()

    # As something to wait for (Poller.wait_for)

    def interest(self) -> Interest:
        """Ready when the decision has fallen."""
        return READY if self.advance() else NEVER

    def settle(self) -> bool:
        """No descriptor tells of it."""
        return True

    def result(self) -> None:
        """Give the outcome so far.

        Raises:
            Fail: would-block while the decision is open; access-denied; what the run raised.
            OSError: of the run.
        """
        if not self.settled and not self.advance():
            raise Fail("would-block", "the permission has not been given yet")
        if self.error is not None:
            raise self.error


def permit(engine: Context, domain: Domain, use: str, target: Case | str) -> None:
    """Let the policy decide, for calls that have no ``start-`` and ``finish-``: they wait where a person decides.

    Raises:
        Fail: access-denied.
    """
    if domain.policy.open:
        return
    decision = Operation(engine, domain, use, target, False, lambda: None)
    try:
        engine.poller.wait_for(decision)
    except BaseException:
        decision.cancel()
        raise
    decision.result()


def permit_creation(engine: Context, use: str) -> None:
    """Let the policy decide whether a socket may be created; nobody is asked.

    Creation takes no network, so that of the session decides. Raises Fail: access-denied.
    """
    domain = engine.domain
    if domain.decide(use, None) is not ALLOW:
        raise domain.denied(use, None)
