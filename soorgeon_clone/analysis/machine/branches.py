"""How branches of the code meet: what holds after one of them, after a loop, after an exception left at any point."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from soorgeon_clone.analysis import limits
from soorgeon_clone.analysis.limits import Limits
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.state import Binding, Scope, State, merge

OVERRUN = "a loop or recursion in it is too long to follow"
Trail = list[tuple[Scope, str, Binding]]


class Branches(Machine):
    """The part of the machine that follows code in forks of the state, and joins them."""

    limits: Limits
    trails: list[Trail]  # of the code around, that exceptions may leave at any point

    def fork(self, run: Callable[[], object]) -> list[State]:
        """Run in a fork of the current state; return the forks (of the module's state, of the scope's)."""
        self.uncertain += 1
        scope, module = self.scope, self.module
        outer_module, outer_local = module.state, scope.state
        module.state = outer_module.fork()
        local = module.state if scope is module else outer_local.fork()
        scope.state = local
        try:
            run()
            return [module.state, scope.state]
        finally:
            module.state, scope.state = outer_module, outer_local
            if scope is module:
                scope.state = outer_module
            self.uncertain -= 1

    def join(self, branches: Iterable[list[State]]) -> bool:
        """Go on with what may hold after any of ``branches``; return whether that is news."""
        branches = list(branches)
        changed = self.module.state.join(b[0] for b in branches)
        if self.scope is not self.module:
            changed = self.scope.state.join(b[1] for b in branches) or changed
        return changed

    def unchanged(self) -> list[State]:
        """The branch in which nothing happens."""
        return [self.module.state.fork(), self.scope.state.fork()]

    def fork_with_trail(self, run: Callable[[], object]) -> tuple[list[State], list[State]]:
        """Run in a fork; return it, and the state in which any of the bindings made on the way may hold."""
        trail: Trail = []
        self.trails.append(trail)
        try:
            done = self.fork(run)
        finally:
            self.trails.pop()
        between = self.unchanged()
        for index, owner in enumerate((self.module, self.scope)):
            found: dict[str, list[Binding]] = {}
            for scope, name, binding in trail:
                if scope is owner:
                    found.setdefault(name, []).append(binding)
            between[index].names.update({name: merge(bindings) for name, bindings in found.items()})
        return done, between

    def perhaps(self, run: Callable[[], object]) -> None:
        """Go on with what may hold if ``run`` happens or not."""
        self.join([self.fork(run), self.unchanged()])

    def loop(self, body: Callable[[], None]) -> None:
        """Run ``body`` any number of times, also not at all, until a pass shows nothing new."""

        def once() -> bool:
            version = self.heap.version
            is_news = self.join([self.unchanged(), self.fork(body)])
            return is_news or (self.heap.version != version and not self.heap.round)

        self.until_settled(once)

    def until_settled(self, once: Callable[[], bool]) -> None:
        """Run ``once`` until it says that it showed nothing new. What objects hold only grows, so there is an end.

        New constants would not end (``name = name + "a"``): from some pass on, new texts are any texts.
        """
        old = self.heap.has_all_constants
        try:
            for number in range(self.limits.passes):
                self.heap.has_all_constants = old or number >= self.limits.constants
                if not once():
                    return
                if self.effort.is_overrun:
                    break
        finally:
            self.heap.has_all_constants = old
        reason = self.blame(self.heap.reason.node, f"{limits.REACHED}: passes of a loop", feared=True)
        self.opaque(OVERRUN)
        self.heap.reason = reason

    def die(self) -> None:
        """Note that an exception leaves the code that is walked, if that may happen or not."""
        if self.uncertain:
            self.module.state.dead = True
            self.scope.state.dead = True
