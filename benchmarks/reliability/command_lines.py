"""The command lines of the attacks, in one place."""

from __future__ import annotations

from pathlib import Path

from benchmarks.reliability import inputs
from registry_io.store.journal.encryption import KEY_FILE

Line = tuple[str, ...]
"""Arguments after ``hla-match``; a variable of the environment as NAME=VALUE may stand before them."""

CHANGES = "changes.csv"
REGISTRY, RESULT, IMPUTED, ESTIMATED, SET = "registry", "out.csv", "imputed.csv", "estimated.csv", "han"
EXPORTED = "exported.csv"
"""The names of what commands write, below the folder that they work in."""

_VALUES = ("A", "B", "C", "DRB1", "DQB1", "sex", "birth_date", "abo", "cmv", "city")
_AS_OF = ("--as-of", "2026-01-01")


class CommandLines:
    """The commands, with the inputs of a folder.

    Args:
        folder: of the inputs.
        known: the help texts of ``registry`` and of all commands, which tell what this version knows.
    """

    def __init__(self, folder: Path, known: str) -> None:
        self._folder = folder
        self._known = known
        self.first = self.import_of(inputs.DONORS)
        self.second = self.import_of(inputs.OTHER_DONORS)
        self.add: Line = ("registry", "import", REGISTRY, self.input(inputs.ADDED_DONORS), "--add")
        self.update: Line = ("registry", "import", REGISTRY, self.input(inputs.OTHER_DONORS), "--update")
        self.take_differences: Line = ("registry", "import", REGISTRY, self.input(inputs.DIFFERENCES), "--update")
        self.add_donor = self.donor("add", "N9999", "A_1=02:01", "A_2=24:02", "B_1=46:01", "B_2=40:01")
        self.change_donor = self.donor("update", "D0001", "status=TU")
        self.withdraw_donor = self.donor("withdraw", "D0002")
        self.reinstate_donor = self.donor("reinstate", "D0002")
        takes = (word for name in _VALUES for word in ("--take", f"{name}=D0001"))
        self.merge: Line = ("registry", "merge", REGISTRY, "D0001", "D0003", *takes, "--reason", "asked")
        self.erase: Line = ("registry", "erase", REGISTRY, "D0002", "--reason", "asked")
        self.compact: Line = ("registry", "compact", REGISTRY, "--now")
        self.rebase: Line = ("registry", "rebase", REGISTRY, "--release", inputs.NEXT_RELEASE, "--allow-shrink")
        self.case_open: Line = (
            "case", "open", REGISTRY, "--hla", inputs.patient_text(), "--max-mismatches", "4", "--frequencies", "none",
            "--policy", "plain",
        )  # fmt: skip
        self.case_search: Line = ("case", "search", REGISTRY, "1")
        self.case_ask: Line = ("case", "ask", REGISTRY, "1", "D0001", "--consent", "1")
        self.case_typing: Line = ("case", "typing", REGISTRY, "1", "D0001", "--set", "A_1=02:01", "--set", "A_2=24:02")
        self.case_check: Line = ("case", "check", REGISTRY, "1", "D0001", "--passed")
        self.case_reserve: Line = (
            "case", "reserve", REGISTRY, "1", "D0001", "--until", "2099-12-31", "--set-status",
        )  # fmt: skip
        self.case_show: Line = ("case", "show", REGISTRY, "1")
        self.repeat: Line = ("repeat", REGISTRY, "--out", CHANGES, "--overwrite")
        self.verify: Line = ("registry", "verify", REGISTRY)
        self.export: Line = ("registry", "export", REGISTRY, "--out", EXPORTED, "--replace")
        with_key = f"{KEY_FILE}={self.input(inputs.RECORD_KEY_FILE)}"
        self.encrypt: Line = (with_key, "registry", "encrypt", REGISTRY)
        self.verify_encrypted: Line = (with_key, *self.verify)
        self.change_encrypted: Line = (with_key, *self.change_donor)
        self.collect: Line = ("registry", "gc", REGISTRY)
        self.go_back: Line = ("registry", "rollback", REGISTRY)
        self.search: Line = ("search", REGISTRY, "--hla", inputs.patient_text(), "--max-mismatches", "4", *_AS_OF)
        self.predict: Line = (*self.search, "--frequencies", self.input(inputs.FREQUENCIES))
        self.search_past: Line = (*self.search, "--at", "1")
        self.predict_by_set: Line = (*self.search, "--frequencies", SET)
        self.impute: Line = (
            "impute", REGISTRY, self.input(inputs.PATIENTS), "--out", IMPUTED, "--limit", "3",
            "--frequencies", self.input(inputs.FREQUENCIES),
        )  # fmt: skip
        self.estimate: Line = ("frequencies", "estimate", REGISTRY, "--out", ESTIMATED, "--max-iterations", "20")
        self.install_release = self.install_of(inputs.RELEASE_FOLDER)
        self.install_next_release = self.install_of(inputs.NEXT_RELEASE_FOLDER)
        self.install_set = self.set_of(inputs.FREQUENCIES)
        self.install_other_set = self.set_of(inputs.OTHER_FREQUENCIES)
        self.batch = self.batch_of("1")
        self.other_batch = self.batch_of("0")
        self.show_set: Line = ("frequencies", "show", SET)
        self.show_release: Line = ("nomenclature", "show", "A*02:01")
        self.reduce: Line = ("reduce", "--to", "P", "A*02:01", "A*02:XX", "B*46:01", "DRB1*09:01")

    def input(self, name: str) -> str:
        """Return the path of an input."""
        return str(self._folder / name)

    def knows(self, word: str) -> bool:
        """Say whether this version has an option or command of ``registry``."""
        return word in self._known

    def import_of(self, donors: str) -> Line:
        """Return an import that replaces whatever is there; donors are the name of an input or a path."""
        asked = [option for option in ("--replace", "--allow-shrink", "--again") if self.knows(option)]
        return ("registry", "import", REGISTRY, self.input(donors), *asked)

    def donor(self, action: str, donor_id: str, *values: str) -> Line:
        """Return a change of one donor."""
        named = [word for value in values for word in ("--set", value)]
        return ("registry", "donor", action, REGISTRY, donor_id, *named, "--reason", "asked")

    def batch_of(self, most_mismatches: str) -> Line:
        """Return a batch with frequencies, in three parts."""
        return (
            "batch", REGISTRY, self.input(inputs.PATIENTS), "--out", RESULT, "--max-mismatches", most_mismatches,
            "--overwrite", "--frequencies", self.input(inputs.FREQUENCIES), "--limit", "3", *_AS_OF,
        )  # fmt: skip

    def install_of(self, folder: str) -> Line:
        """Return the installation of a release."""
        return ("nomenclature", "install", "--from", self.input(folder))

    def set_of(self, frequencies: str) -> Line:
        """Return the installation of a set of frequencies."""
        return ("frequencies", "install", self.input(frequencies), "--name", SET)
