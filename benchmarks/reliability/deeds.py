"""What is disturbed: each command that writes, in the states in which it is started."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path

from benchmarks.reliability.command_lines import REGISTRY, CommandLines, Line
from benchmarks.reliability.record_content import RECORD
from benchmarks.reliability.scene import Answers, Scene, Tree, differences, in_short, tree_of

_OF_WHOLE = "donor_typing.npy"


@dataclass(frozen=True)
class Deed:
    """A command that writes, in a state.

    Attributes:
        name: of it.
        history: the commands before it.
        line: the command.
        probes: commands that tell the state before it from the state after it.
        can_be_repeated: whether it can be given again.
        is_refused_again: whether that is refused once it was done.
        keeps_parts: whether what was finished of it may stay.
        may_do_without: whether it succeeds where it cannot write, and then leaves all as it was.
        goes_on: whether it can end between what was before and after, so that the same again goes on from there.
        further: the first step, by a text of its name, of what can be left to later commands.
    """

    name: str
    history: tuple[Line, ...]
    line: Line
    probes: tuple[Line, ...]
    can_be_repeated: bool = True
    is_refused_again: bool = False
    keeps_parts: bool = False
    may_do_without: bool = False
    goes_on: bool = False
    further: str = ""

    @property
    def after(self) -> tuple[Line, ...]:
        """The commands up to it."""
        return (*self.history, self.line)

    def as_it(self, line: Line) -> Line:
        """Return a command that has the variables of the environment that this one has."""
        return (*takewhile(lambda word: "=" in word, self.line), *line)

    def known(self, scene: Scene) -> Tree:
        """Return what may lie in the folder besides: what it replaced."""
        kept = scene.state(self.history).tree
        return {name: one for name, one in kept.items() if name.startswith("registry/snapshot-")}

    def unlike_after(self, scene: Scene, place: Path) -> list[str]:
        """Return how a folder differs from what the deed leaves, undisturbed."""
        found, known = tree_of(place), self.known(scene)
        unlike = differences(found, scene.state(self.after).tree, known)
        if not unlike or not self.further:
            return unlike
        done = scene.killed(self.history, self.line, self.further).tree
        done = {name: one for name, one in done.items() if "/." not in name}
        # What was left to later commands may be finished, and not valid yet.
        after = scene.state(self.after).tree
        finished = {**known, **{name: one for name, one in after.items() if name.startswith("registry/snapshot-")}}
        return min(unlike, differences(found, done, finished), key=len)

    def unlike_before(self, scene: Scene, place: Path) -> list[str]:
        """Return how a folder differs from what was there before the deed."""
        found = tree_of(place)
        if self.keeps_parts:
            found = {name: one for name, one in found.items() if not name.startswith(".out.csv.parts-")}
        # Donors that were imputed on the way are no loss: they are computed once, whatever comes of the rest.
        imputed = {name: one for name, one in scene.state(self.after).tree.items() if "/imputed-" in name}
        return differences(found, scene.state(self.history).tree, imputed)

    def neither(self, scene: Scene, place: Path) -> str:
        """Return how a folder answers as neither the state before nor the one after; "" where it is one of them."""
        ended = scene.asked(place, self.probes)
        for one in ended:
            if one.fault:
                return str(one)
        found = self._told(tuple((one.status, one.output) for one in ended))
        before, after = (self._told(scene.answers(history, self.probes)) for history in (self.history, self.after))
        if found in (before, after):
            return ""
        # Between commit and switch the record tells the new state, and a search the old one.
        if self.is_recorded(scene, place) and all(
            one in pair for one, pair in zip(found, zip(before, after, strict=True), strict=True)
        ):
            return ""
        return f"neither the old state nor the new: {in_short([str(one) for one in ended])}"

    def is_recorded(self, scene: Scene, place: Path) -> bool:
        """Say whether the record of the registry is that after the deed; the next command that writes publishes it."""
        name = f"{REGISTRY}/{RECORD}"
        return tree_of(place).get(name) == scene.state(self.after).tree[name]

    def _told(self, answers: Answers) -> Answers:
        """Return answers but for the words of `registry verify`, which tell of a change still to be published."""
        return tuple(
            (status, "" if "verify" in probe else output)
            for probe, (status, output) in zip(self.probes, answers, strict=True)
        )


def deeds(lines: CommandLines) -> tuple[Deed, ...]:
    """Return every command that writes."""
    release = (lines.install_release,)
    first = (*release, lines.first)
    both = (*first, lines.second)
    registry = (lines.search, lines.verify)
    found = [
        Deed("first import", release, lines.first, registry),
        Deed("import that replaces", first, lines.second, registry),
        Deed("import of what was replaced", both, lines.first, registry),
        Deed("imputation", first, lines.predict, (lines.search, lines.verify), may_do_without=True),
        Deed("batch", first, lines.batch, (lines.search, lines.verify), keeps_parts=True),
        Deed("batch over a result", (*first, lines.other_batch), lines.batch, (lines.verify,), keeps_parts=True),
        Deed("impute", first, lines.impute, (lines.verify,)),
        Deed("estimation", first, lines.estimate, (lines.verify,)),
        Deed("installation of a release", release, lines.install_next_release, (lines.show_release,)),
        Deed("installation of a release again", release, lines.install_release, (lines.show_release,)),
        Deed("installation of a set", release, lines.install_set, (lines.show_set,)),
        Deed("installation over a set", (*release, lines.install_set), lines.install_other_set, (lines.show_set,)),
    ]
    if lines.knows("gc"):
        found.append(Deed("gc", (*both, lines.first, lines.second), lines.collect, registry))
    if lines.knows("rollback"):
        found.append(Deed("rollback", both, lines.go_back, registry, can_be_repeated=False))
    if lines.knows("reinstate"):
        found += _changes(lines, first)
    if lines.knows("repeat"):
        found += _cases(lines, first)
    return tuple(found)


def _cases(lines: CommandLines, first: tuple[Line, ...]) -> tuple[Deed, ...]:
    """Return every command that writes into the case book."""
    opened = (*first, lines.case_open, lines.case_search)
    asked = (*opened, lines.case_ask)
    typed = (*asked, lines.case_typing, lines.case_check)
    of_case = (lines.case_show, lines.search, lines.verify)
    return (
        Deed("a case opened", first, lines.case_open, (lines.search, lines.verify), can_be_repeated=False),
        Deed("a case searched", opened[:-1], lines.case_search, of_case, can_be_repeated=False),
        Deed("a donor asked", opened, lines.case_ask, of_case, is_refused_again=True),
        Deed("a confirmatory typing", asked, lines.case_typing, of_case, can_be_repeated=False),
        Deed("a donor reserved", typed, lines.case_reserve, of_case, can_be_repeated=False),
        Deed("cases repeated", (*asked, lines.update), lines.repeat, of_case, can_be_repeated=False),
    )


def _changes(lines: CommandLines, first: tuple[Line, ...]) -> tuple[Deed, ...]:
    """Return every command that changes the record of a registry, alone and behind others."""
    registry = (lines.search, lines.verify)
    withdrawn = (*first, lines.withdraw_donor)
    many = (*first, lines.update, lines.change_donor, lines.add, lines.withdraw_donor, lines.predict)
    found = (
        Deed("import that adds", first, lines.add, registry, is_refused_again=True),
        Deed("import that updates", first, lines.update, registry),
        Deed("import of differences", first, lines.take_differences, registry, is_refused_again=True),
        Deed("a donor added", first, lines.add_donor, registry, is_refused_again=True),
        Deed("a donor changed", first, lines.change_donor, registry),
        Deed("a donor withdrawn", first, lines.withdraw_donor, registry, is_refused_again=True),
        Deed("two records merged", first, lines.merge, registry, is_refused_again=True),
        Deed("a person erased", withdrawn, lines.erase, registry, is_refused_again=True),
        Deed("compaction", (*withdrawn, lines.erase), lines.compact, registry, goes_on=True),
        Deed("reading again", (*first, lines.install_next_release), lines.rebase, registry),
        Deed("a donor reinstated", withdrawn, lines.reinstate_donor, registry),
        Deed("a donor added behind other changes", many, lines.add_donor, registry, is_refused_again=True),
        Deed("imputation behind changes", many[:-1], lines.predict, registry, may_do_without=True),
        Deed("import that replaces what changed", many, lines.second, registry),
        # What is written of a whole snapshot alone tells of the merge.
        Deed("a change whose merge is due", (*first, lines.add), lines.change_donor, registry, further=_OF_WHOLE),
        Deed("export", withdrawn, lines.export, registry),
    )
    if find_spec("sqlcipher3") is None:
        return found
    with_key = (lines.search, lines.verify_encrypted)
    encrypted = (*first, lines.encrypt)
    return (
        *found,
        Deed("encryption", first, lines.encrypt, with_key),
        Deed("a donor changed in an encrypted record", encrypted, lines.change_encrypted, with_key),
    )


def results_unlike_both(scene: Scene, deed: Deed, place: Path) -> list[str]:
    """Return the files beside the registry that are neither as they were nor as the deed leaves them."""
    before, after = scene.state(deed.history).tree, scene.state(deed.after).tree
    lines = []
    for name, entry in tree_of(place).items():
        if "/" in name or name.startswith(".") or not entry.sha256:
            continue
        if entry.sha256 not in {tree[name].sha256 for tree in (before, after) if name in tree}:
            lines.append(f"{name} is neither as it was nor as it should be")
    lines += [f"{name} is gone" for name in before if "/" not in name and not (place / name).exists()]
    return lines
