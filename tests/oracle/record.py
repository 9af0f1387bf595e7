"""The slow, obvious record of a registry: a dictionary of all donors after each transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Person = Mapping[str, str]
State = dict[str, Person]


class Record:
    """Who is a donor after each transaction, the first one after none."""

    def __init__(self) -> None:
        self.states: list[State] = [{}]
        self.sizes = [0]
        self.histories: dict[str, list[tuple[int, Person | None]]] = {}

    def transaction(
        self, persons: Mapping[str, Person], withdrawn: Sequence[str], *, others_leave: bool, settings_change: bool
    ) -> dict[str, str]:
        """Take records, then withdraw some donors, or all who were not named; return what the persons were before."""
        state = dict(self.states[-1])
        before = {}
        for donor, person in persons.items():
            if donor not in self.histories:
                before[donor] = "new"
            elif donor not in state:
                before[donor] = "withdrawn"
            else:
                before[donor] = "equal" if state[donor] == person else "different"
            state[donor] = person
        leaving = set(self.states[-1]) - set(persons) if others_leave else set(withdrawn) & set(self.states[-1])
        for donor in leaving:
            del state[donor]
        number = len(self.states)
        changed = {donor: persons[donor] for donor, what in before.items() if what != "equal"}
        for donor, person in changed.items():
            self.histories.setdefault(donor, []).append((number, person))
        for donor in leaving:
            self.histories[donor].append((number, None))
        if changed or leaving or settings_change:
            self.states.append(state)
            self.sizes.append(len(state))
        return before

    def erase(self, donors: Sequence[str]) -> None:
        """Forget some donors at every time; how many donors there were stays known."""
        known = [donor for donor in donors if self.histories.pop(donor, None) is not None]
        if known:
            self.states.append(dict(self.states[-1]))
            for state in self.states:
                for donor in known:
                    state.pop(donor, None)
            self.sizes.append(len(self.states[-1]))
