"""The codes of errors: one short, stable name for each thing that can go wrong, with what it means and what to do.

A program that calls this one asks `HlaMatchError.code`; messages may become clearer from version to version, codes
stay. A typing that cannot be read has the code ``typing.`` and its `hla_match.errors.Reason`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class ErrorCode(StrEnum):
    """What went wrong, by the part of the data that it lies in.

    Attributes:
        means: what the code stands for, in one sentence.
        to_do: what to do about it, in one sentence.

    >>> ErrorCode("file.missing-column").means
    'A table has no column that it needs.'
    """

    means: str
    to_do: str

    def __new__(cls, code: str, means: str = "", to_do: str = "") -> Self:
        """Make a member whose value is the code alone."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.means, member.to_do = means, to_do
        return member

    CRITERIA_VALUE = (
        "criteria.value",
        "A criterion, an option, or an argument has a value that it cannot have.",
        "Give one of the values that the message names.",
    )
    CRITERIA_TYPE = (
        "criteria.type",
        "An argument is of another type than it must be.",
        "Give an object of the type that the message names.",
    )
    CRITERIA_UNKNOWN = (
        "criteria.unknown",
        "A name is none of those that can be given.",
        "Give one of the names that the message lists; check the spelling.",
    )
    CRITERIA_CONFLICT = (
        "criteria.conflict",
        "Two values exclude each other, or a value does not fit the registry or the frequencies beside it.",
        "Change one of the two.",
    )
    CRITERIA_SEVERAL = (
        "criteria.several",
        "Several values are wrong at once; `faults` holds an error for each.",
        "Correct each of them as its part of the message says.",
    )
    CRITERIA_COLUMN = (
        "criteria.column",
        "A frame lacks a column, or a column holds values of another type.",
        "Name the columns and convert their values as the message says.",
    )
    CRITERIA_OUTPUT = (
        "criteria.output",
        "A result cannot be written under the name or to the place that was given.",
        "Name another output file.",
    )
    CRITERIA_FREQUENCIES = (
        "criteria.frequencies",
        "Probabilities are asked for without haplotype frequencies.",
        "Give frequencies, or a policy and criteria without probabilities.",
    )
    CRITERIA_DONOR = (
        "criteria.donor",
        "A donor is asked for who is not in the list.",
        "Check the identifier; `explain` tells which criterion keeps the donor out.",
    )
    CRITERIA_PACKAGE = (
        "criteria.package",
        "What is asked for needs a package that is not installed.",
        "Install the package as the message says.",
    )
    ESTIMATION_DONORS = (
        "estimation.no-donors",
        "No donor can take part in an estimation of frequencies.",
        "Choose loci and populations at which donors are typed.",
    )
    FILE_MISSING = ("file.missing", "There is no file or folder of this name.", "Check the name and the folder.")
    FILE_EXISTS = (
        "file.exists",
        "A file is there already, and nothing says that it may be replaced.",
        "Name another file, or allow this one to be replaced.",
    )
    FILE_RESULT_EXISTS = (
        "file.result-exists",
        "The file of a result is there already, and nothing says that it may be replaced.",
        "Name another file, or allow this one to be replaced.",
    )
    FILE_UNREADABLE = (
        "file.unreadable",
        "The system does not let a file be read.",
        "Check that it is a file, that you may read it, and that its disk is sound.",
    )
    FILE_CHANGED = (
        "file.changed",
        "A file changed while it was read, or since it was read first.",
        "Wait until it is written, and start again.",
    )
    FILE_FORMAT = (
        "file.format",
        "A file is of another kind than those that are read.",
        "Save the table in one of the formats that the message names.",
    )
    FILE_DAMAGED = ("file.damaged", "A file is cut or damaged.", "Copy, export, or compress the file again.")
    FILE_ENCODING = (
        "file.encoding",
        "Bytes of a file are no text in an encoding that is read.",
        "Save the table as UTF-8.",
    )
    FILE_NO_HEADER = (
        "file.no-header",
        "A table is empty, or its first row names no columns.",
        "Put the names of the columns into the first row.",
    )
    FILE_MISSING_COLUMN = (
        "file.missing-column",
        "A table has no column that it needs.",
        "Add the column, or name it as the message says.",
    )
    FILE_DUPLICATE_COLUMN = (
        "file.duplicate-column",
        "Two columns have one name or one meaning.",
        "Rename or remove one of the two.",
    )
    FILE_UNNAMED_COLUMN = ("file.unnamed-column", "A column with values has no name.", "Name the column, or remove it.")
    FILE_WRONG_COLUMNS = (
        "file.wrong-columns",
        "The columns of a table are not those of any layout that is read.",
        "Name the columns in the first row as the message says.",
    )
    FILE_ROW_WIDTH = (
        "file.row-width",
        "A row has more or fewer fields than the rows before it.",
        "Write one record a line, and decimals with a point.",
    )
    FILE_QUOTES = (
        "file.quotes",
        "A field has a quotation mark that does not close.",
        "Write a quotation mark inside a field twice.",
    )
    FILE_VALUE = (
        "file.value",
        "A cell or a line does not hold what must stand there.",
        "Correct it at the row and column that the message names.",
    )
    FILE_CONTRADICTION = (
        "file.contradiction",
        "Two places of a file contradict each other.",
        "Correct the one that is wrong, or fetch the file again.",
    )
    FILE_NOTHING = (
        "file.nothing",
        "A file holds nothing that can be used.",
        "Check that it is the right file, and whole; look at the reasons of the quarantine.",
    )
    FILE_BUDGET = (
        "file.budget",
        "A file takes more memory, time, or room than its budget.",
        "Check that the file is right; if it is, raise the budget that the message names.",
    )
    FILE_NOT_WRITTEN = (
        "file.not-written",
        "A file or folder cannot be made or written.",
        "Create the folder, check its permissions, or choose another place.",
    )
    FILE_NO_ROOM = (
        "file.no-room",
        "The disk, or your share of it, is full.",
        "Make room, or choose another place; what was there before is unchanged.",
    )
    FILE_NOT_KEPT = (
        "file.not-kept",
        "A file reads back differently than written.",
        "Check the disk and the memory; nothing was changed.",
    )
    FREQUENCIES_SUM = (
        "frequencies.sum",
        "Frequencies of one population sum to more than 1.",
        "Name a column of percent so, and name the population of each row.",
    )
    FREQUENCIES_NOT_INSTALLED = (
        "frequencies.not-installed",
        "A name is neither a file nor an installed set of frequencies.",
        "Name a file, or install it as a set first.",
    )
    FREQUENCIES_DAMAGED = (
        "frequencies.damaged",
        "An installed set of frequencies is damaged or of another format version.",
        "Install the set again.",
    )
    NOMENCLATURE_NOT_INSTALLED = (
        "nomenclature.not-installed",
        "No such release of IPD-IMGT/HLA is installed.",
        "Install it, or choose one that is installed.",
    )
    NOMENCLATURE_MISSING_FILE = (
        "nomenclature.missing-file",
        "A release lacks a file, or its folder or archive is none of a release.",
        "Name the folder of a whole release.",
    )
    NOMENCLATURE_INCOMPLETE = (
        "nomenclature.incomplete",
        "A file of a release is cut: it lacks alleles, groups, or antigens.",
        "Fetch the release again.",
    )
    NOMENCLATURE_CONTENT = (
        "nomenclature.content",
        "A file of a release does not hold what must stand there.",
        "Fetch the release again.",
    )
    NOMENCLATURE_CHECKSUM = (
        "nomenclature.checksum",
        "Files of a release differ from the checksums of its own list.",
        "Fetch the release again; where it was published so, accept the mismatch.",
    )
    NOMENCLATURE_RELEASE = (
        "nomenclature.release",
        "The files of a release name no release, or several.",
        "Fetch the files of one release again.",
    )
    NOMENCLATURE_DAMAGED = (
        "nomenclature.damaged",
        "A compiled nomenclature is damaged or of another format version.",
        "Install the release again.",
    )
    REGISTRY_MISSING = (
        "registry.missing",
        "A folder holds no registry.",
        "Name the folder of a registry, or import donors into it.",
    )
    REGISTRY_FOLDER = (
        "registry.folder",
        "A registry cannot be made there: a file, or a folder of other files, has the name.",
        "Name a new folder.",
    )
    REGISTRY_EXISTS = (
        "registry.exists",
        "A registry is there already, and nothing says what becomes of it.",
        "Say whether its donors are added to, updated or replaced, or name a new folder.",
    )
    REGISTRY_KNOWN_DONOR = (
        "registry.known-donor",
        "A donor is to be added whose identifier the registry knows.",
        "Update the donor's record, or correct the identifier.",
    )
    REGISTRY_UNKNOWN_DONOR = (
        "registry.unknown-donor",
        "The registry knows no donor of an identifier.",
        "Correct the identifier, or add the donor first.",
    )
    REGISTRY_OUT_OF_ORDER = (
        "registry.out-of-order",
        "A donor file is older than what the registry knows.",
        "Give the newest file; take an older one only where its records are the right ones.",
    )
    REGISTRY_SHRINKS = (
        "registry.shrinks",
        "A new donor file holds far fewer donors than the registry that it replaces.",
        "Check that the file is whole; allow the registry to shrink where it is.",
    )
    REGISTRY_DAMAGED = (
        "registry.damaged",
        "A file of a registry is missing or not as it was written.",
        "Import the donors again, or return to the registry before by a rollback.",
    )
    REGISTRY_FORMAT = (
        "registry.format",
        "A registry is of a format version that this version of the program does not read.",
        "Import the donors again with this version.",
    )
    REGISTRY_CHANGED = (
        "registry.changed",
        "The version of a registry that work began with was removed while the work went on.",
        "Start the work again.",
    )
    REGISTRY_NO_EARLIER = (
        "registry.no-earlier",
        "There is no earlier snapshot to return to.",
        "Import an earlier donor file in place of the registry.",
    )
    REGISTRY_NO_TRANSACTION = (
        "registry.no-transaction",
        "The record of a registry has no transaction of that number, or none up to that day.",
        "Give a number or a day that the log of the registry lists.",
    )
    REGISTRY_IN_USE = (
        "registry.in-use",
        "Files that hold data of erased persons may still be read.",
        "Compact the registry again when nobody reads them.",
    )
    REGISTRY_UNPUBLISHED = (
        "registry.unpublished",
        "A change is in the record of a registry, and could not be published.",
        "Make room, or let the folder be written to; the next command that writes publishes it, so do not repeat it.",
    )
    REGISTRY_KEY = (
        "registry.key",
        "The record of a registry is encrypted and its key is missing or another one, or it cannot be encrypted.",
        "Name the file of its key; install the package that decrypts it.",
    )
    REGISTRY_RECORD = (
        "registry.record",
        "The record of a registry's changes is missing or damaged.",
        "Where there is none yet, the first change begins it; restore a damaged one from a copy of the folder.",
    )
    CASE_UNKNOWN = (
        "case.unknown",
        "The case book of a registry has no case of a number or code, or no donor of a code.",
        "Give a number or a code that the list of the cases names; a code that was miswritten is none.",
    )
    CASE_STEP = ("case.step", "A step of a case may not come next.", "Do first what the message expects.")
    WRITER_BUSY = (
        "writer.busy",
        "Another process is writing the same registry or result.",
        "Try again when it ended; nothing was changed.",
    )
    BATCH_BROKEN = (
        "batch.broken",
        "What a batch had finished is no longer what was written, or does not make up the whole.",
        "Keep other programs away from its folder, and start the same command again.",
    )
    WORKER_VERSION = (
        "worker.version",
        "A worker runs another version of the program than the process that began the work.",
        "Install the same version everywhere.",
    )
    PROGRAM_ENDED = (
        "program.ended",
        "The machine, the cluster, or the user's folders do not let the work go on.",
        "Do what the message says; what was finished is kept.",
    )
