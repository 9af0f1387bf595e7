"""Which options and commands help after an error: errors name arguments of Python, the command adds its options."""

from __future__ import annotations

from collections.abc import Mapping

from hla_match.errors import ErrorCode, HlaMatchError, RegistryError
from hla_match.language import translatable

OPTION_HINTS: Mapping[str, str] = {
    ErrorCode.CRITERIA_FREQUENCIES: translatable("give --frequencies"),
    ErrorCode.FILE_EXISTS: translatable("give --replace"),
    ErrorCode.FILE_RESULT_EXISTS: translatable("give --overwrite"),
    ErrorCode.NOMENCLATURE_CHECKSUM: translatable("give --accept-checksum-mismatch"),
    ErrorCode.NOMENCLATURE_NOT_INSTALLED: translatable("run hla-match nomenclature install --from DIR"),
    ErrorCode.REGISTRY_DAMAGED: translatable(
        "run hla-match registry import with --replace, or hla-match registry rollback"
    ),
    ErrorCode.REGISTRY_EXISTS: translatable("give --add, --update or --replace"),
    ErrorCode.REGISTRY_IN_USE: translatable("give --now where nobody searches"),
    ErrorCode.REGISTRY_KNOWN_DONOR: translatable("give --update, or run hla-match registry donor update"),
    ErrorCode.REGISTRY_NO_TRANSACTION: translatable("run hla-match registry log"),
    ErrorCode.REGISTRY_OUT_OF_ORDER: translatable("give --again"),
    ErrorCode.REGISTRY_FORMAT: translatable("run hla-match registry import with --replace"),
    ErrorCode.REGISTRY_MISSING: translatable("run hla-match registry import"),
    ErrorCode.REGISTRY_NO_EARLIER: translatable("run hla-match registry import with --replace"),
    ErrorCode.REGISTRY_SHRINKS: translatable("give --allow-shrink"),
}
"""By the code of an error, the options or the command that its hint asks for."""

_OF_KNOWN_DONOR = translatable("run hla-match registry donor update or reinstate")
"""What helps where no file, but a command of one donor asks for a new one."""


def with_option_hint(error: HlaMatchError) -> str:
    """Return the message of an error with the options that its hint asks for.

    >>> from hla_match.errors import RegistryError
    >>> error = RegistryError("han", found="a registry", expected="a new folder", code=ErrorCode.REGISTRY_EXISTS)
    >>> with_option_hint(error)
    'han: found a registry, expected a new folder; give --add, --update or --replace'
    """
    option = option_hint(error)
    return f"{error}; {option}" if option else str(error)


def option_hint(error: HlaMatchError) -> str | None:
    """Return the options or the command that help after an error; None where there are none."""
    if error.code == ErrorCode.REGISTRY_KNOWN_DONOR and isinstance(error, RegistryError):
        return _OF_KNOWN_DONOR
    # Where nobody would be left, no option helps.
    if error.code == ErrorCode.REGISTRY_SHRINKS and "allow the registry to shrink" not in error.hint:
        return None
    return OPTION_HINTS.get(error.code)
