"""Where a registry and its frequencies lie, and which version of them: what travels to workers instead of donors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from hla_match.donors.registry import Registry
from hla_match.donors.registry_settings import RegistrySettings
from hla_match.errors import ErrorCode, FileError, HlaMatchError, RegistryError
from hla_match.errors.arguments import check_type
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies, check_coding
from hla_match.nomenclature.identity import NomenclatureIdentity
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from registry_io.store.frequency_store import FrequencyStore, load_frequencies
from registry_io.store.imputation_store import open_imputation
from registry_io.store.nomenclature_store import data_folder
from registry_io.store.own_frequency_store import opened_at, own_frequencies_place
from registry_io.store.past_registry import open_past_registry
from registry_io.store.registry_folder import current_snapshot, snapshot_title, snapshot_titled
from registry_io.store.registry_settings import registry_settings
from registry_io.store.snapshot_store import open_snapshot


@dataclass(frozen=True, slots=True)
class FrequencySource:
    """A set of haplotype frequencies by its place.

    Attributes:
        name: file, by its whole path, or name of an installed set.
        home: the data folder of installed sets.
        checksum: SHA-256 of the file that the set was made from.
    """

    name: str
    home: Path
    checksum: str

    def __call__(self, nomenclature: Nomenclature) -> HaplotypeFrequencies:
        """Read the frequencies.

        Raises:
            FileError: they cannot be read, or are others.
        """
        found = load_frequencies(self.name, nomenclature, self.home)
        if found.checksum != self.checksum:
            raise FileError(
                self.name,
                found=f"frequencies with SHA-256 {found.checksum[:12]}...",
                expected=f"{self.checksum[:12]}..., as when the batch began",
                hint="start the batch again",
                code=ErrorCode.FILE_CHANGED,
            )
        return found


@dataclass(frozen=True, slots=True)
class OwnFrequencySource:
    """The own haplotype frequencies of a registry by their place in its folder.

    Attributes:
        place: the folder in which they are kept.
        checksum: SHA-256 of what they hold.
        coded_by: the nomenclature that they were opened with, where that is known.
    """

    place: Path
    checksum: str
    coded_by: NomenclatureIdentity | None = None

    def __call__(self, nomenclature: Nomenclature) -> HaplotypeFrequencies:
        """Read the frequencies.

        Raises:
            FileError: they cannot be read, or are others.
            CriteriaError: they are coded by another nomenclature.
        """
        if self.coded_by is not None:
            check_coding("frequencies", self.coded_by, nomenclature)
        return opened_at(self.place, self.checksum, nomenclature)


@dataclass(frozen=True, slots=True)
class FrequencyCopy:
    """A set of haplotype frequencies that lies in no file: it travels itself.

    Attributes:
        name: what results call it.
        checksum: SHA-256 of what it was made from.
        frequencies: the set, coded by the registry's nomenclature.
    """

    name: str
    checksum: str
    frequencies: HaplotypeFrequencies = field(compare=False, repr=False)

    def __call__(self, nomenclature: Nomenclature) -> HaplotypeFrequencies:
        """Return the frequencies; who imputes donors with them looks at what they are coded by."""
        return self.frequencies


@dataclass(frozen=True, slots=True)
class RegistrySource:
    """A registry by its place, in one version; called, it opens the registry and returns what searches it.

    Attributes:
        folder: the registry's folder, by its whole path; every worker must see it under this name.
        snapshot: name of the snapshot, which is a hash of what it holds.
        program_version: of hla-match.
        frequencies: with them there are probabilities.
        global_frequencies: tried where the first explain nothing.
        at: transaction of a past registry that no snapshot holds, so that every worker builds it from the record.
        settings: what the registry has set for itself, where the batch began.
    """

    folder: Path
    snapshot: str
    program_version: str
    frequencies: FrequencySource | OwnFrequencySource | FrequencyCopy | None = None
    global_frequencies: FrequencySource | OwnFrequencySource | FrequencyCopy | None = None
    at: int | None = None
    settings: RegistrySettings = field(default_factory=RegistrySettings)

    def __call__(self) -> Matcher:
        """Open the registry, memory-mapped, in the version that it names, which need not be the valid one any more.

        Raises:
            RegistryError: there is none, or it is damaged, or the version was removed.
            FileError: the frequencies cannot be read, or are others.
            CriteriaError: the frequencies are coded by another nomenclature than the registry's.
            HlaMatchError: this process has another version of hla-match.
        """
        own = version("hla-match")
        if own != self.program_version:
            raise HlaMatchError(
                f"worker: found hla-match {own}, expected {self.program_version}, as where the batch began; "
                "install the same version everywhere",
                code=ErrorCode.WORKER_VERSION,
            )
        opened = self._opened() if self.at is None else open_past_registry(self.folder, self.at)
        registry = replace(opened, settings=self.settings)
        if self.frequencies is None:
            return Matcher(registry)
        frequencies = self.frequencies(registry.nomenclature)
        fallback = None if self.global_frequencies is None else self.global_frequencies(registry.nomenclature)
        return Matcher(registry, open_imputation(self.folder, registry, frequencies, fallback))

    def _opened(self) -> Registry:
        current = current_snapshot(self.folder)
        place = current if snapshot_title(current) == self.snapshot else snapshot_titled(self.folder, self.snapshot)
        if place is None:
            raise RegistryError(
                str(self.folder),
                found=snapshot_title(current),
                expected=f"{self.snapshot}, which the batch began with and which was removed since",
                hint="start the batch again",
                code=ErrorCode.REGISTRY_CHANGED,
            )
        return open_snapshot(place)


def registry_source(
    folder: str | Path,
    frequencies: str | Path | HaplotypeFrequencies | None = None,
    global_frequencies: str | Path | HaplotypeFrequencies | None = None,
    *,
    home: Path | None = None,
    at: int | None = None,
) -> RegistrySource:
    """Return what opens a registry in another process, as it is now or as it was.

    Args:
        folder: the registry's folder.
        frequencies: a file of frequencies, the name of an installed set, or frequencies coded for the registry.
        global_frequencies: another set, tried where the first explains nothing.
        home: the data folder of installed sets; without it ``HLA_MATCH_HOME`` or the platform's.
        at: transaction of a past registry that no snapshot holds, which every process builds from the record.

    Raises:
        RegistryError: there is no registry.
        FileError: frequencies are neither a file nor installed, or cannot be read.
        CriteriaError: they are given in memory without being coded for the registry.
    """
    root = Path(folder).resolve()
    place = (home if home is not None else data_folder()).resolve()
    own, fallback = (
        None if one is None else _frequency_source(one, place, root) for one in (frequencies, global_frequencies)
    )
    title = snapshot_title(current_snapshot(root))
    return RegistrySource(root, title, version("hla-match"), own, fallback, at, registry_settings(root))


def _frequency_source(
    source: str | Path | HaplotypeFrequencies, home: Path, folder: Path
) -> FrequencySource | OwnFrequencySource | FrequencyCopy:
    if isinstance(source, HaplotypeFrequencies):
        if source.checksum and (place := own_frequencies_place(folder, source.checksum)) is not None:
            return OwnFrequencySource(place, source.checksum, source.coded_by)
        return FrequencyCopy(source.name, source.checksum, source)
    expected = "a file, the name of an installed set, or what registry_io.open_frequencies gives"
    check_type("frequencies", source, str, Path, expected=expected)
    text = str(source)
    checksum = FrequencyStore(home).resolve(text).checksum
    # As in `FrequencyStore.resolve`, a file comes before an installed set.
    name = str(Path(text).resolve()) if Path(text).is_file() else text
    return FrequencySource(name, home, checksum)
