"""What a command says of an error: one line in English, in another language under what its code stands for.

The words are those of `hla_match.reporting.error_words`.
"""

from __future__ import annotations

from hla_match.cli.option_hints import option_hint, with_option_hint
from hla_match.errors import HlaMatchError
from hla_match.language import DEFAULT, language, translated
from hla_match.reporting.error_words import code_of, detail, faults_of, meaning


def error_lines(error: HlaMatchError) -> list[str]:
    """Return what a command says of an error: one line in English, with the options that help."""
    if language() == DEFAULT:
        return [with_option_hint(error)]
    lines = [translated("{means} [{code}]", means=meaning(error), code=error.code)]
    lines += [f"  {detail(one)}" for one in faults_of(error)]
    option = option_hint(error)
    if option is not None:
        lines.append(translated("  To do: {option}", option=translated(option)))
    elif not error.hint:
        lines.append(translated("  To do: {option}", option=translated(code_of(error).to_do)))
    return lines
