"""The texts in the code, and the catalogues that hold them in other languages.

`python -m tests.catalogues` brings new texts into the catalogues, takes out those that are gone, compiles them, and
says how many are still to be translated.
"""

from __future__ import annotations

import ast
import datetime
import io
import string
from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from hla_match.cli.commands import COMMANDS, group
from hla_match.cli.late_commands import LateCommands
from hla_match.cli.spoken_commands import paragraphs
from tests.composed_texts import composed_texts

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "hla_match" / "language" / "catalogues" / "zh_Hans" / "LC_MESSAGES"
PARTS = {
    "click": ("click/",),
    # Notes and errors of typings are kept as text, and told by their templates.
    "errors": ("hla_match/errors/", "hla_match/nomenclature/"),
    "desk": ("hla_match/desk/",),
    "commands": ("hla_match/cli/",),
    "cases": (
        "hla_match/cases/",
        "hla_match/cli/case",
        "hla_match/services/case",
        "hla_match/services/repeat",
        "registry_io/store/case",
    ),
    "reports": ("hla_match/", "registry_io/"),
}
"""The catalogues, and the texts of which folders each holds: a text belongs to the first one that has it."""
_CONTEXT = "\x04"
"""What parts the context of a text from it, as in compiled catalogues."""
_IN_CONTEXT = {"translated_in", "translatable_in"}
_KEYWORDS = {"translated": None, "translatable": None, "retellable": None, "translated_count": (1, 2)}
_CLICK_KEYWORDS = {"_": None, "ngettext": (1, 2)}
_CLICK_MODULES = ("core", "decorators", "exceptions", "formatting", "parser", "types")
"""Those of click's that say what is in a help, or wrong with arguments."""
_LOCALE = "zh_Hans"
_WIDTH = 120
_NO_DATE = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
_UNSTEADY = (
    '"Project-Id', '"Report-Msgid', '"POT-Creation', '"PO-Revision', '"Generated-By', '"Last-Translator',
    '"Language-Team',
)  # fmt: skip
"""Fields of the header that tell of the time or the tool, or nothing."""

MessageId = str | tuple[str, ...]


def texts() -> dict[str, dict[MessageId, list[str]]]:
    """Return the texts of each catalogue, with the files that show them."""
    places: dict[MessageId, list[str]] = {}
    for package in ("hla_match", "registry_io"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for message in spoken(path.read_text(encoding="utf-8")):
                places.setdefault(message, []).append(path.relative_to(ROOT).as_posix())
        options = {"**.jinja": {"silent": "false"}}
        for file, _line, message, _comments, _context in extract_from_dir(
            str(ROOT / package), [("**.jinja", "jinja2")], options, _KEYWORDS, strip_comment_tags=True
        ):
            places.setdefault(message, []).append(f"{package}/{file}")
    for file, message in help_texts():
        places.setdefault(message, []).append(file)
    shared: dict[str, dict[MessageId, list[str]]] = {part: {} for part in PARTS}
    for message, files in sorted(places.items(), key=lambda one: (sorted(one[1])[0], str(one[0]))):
        shared[_part(files)][message] = sorted(set(files))
    for part, told in (("click", click_texts()), ("errors", composed_texts())):
        found = shared[part]
        for file, message in told:
            if file not in found.setdefault(message, []):
                found[message].append(file)
    return shared


def spoken(source: str) -> Iterator[MessageId]:
    """Yield the texts of a module: what Babel reads of one passes over texts inside the arguments of another.

    >>> list(spoken('translated("of {when}", when=translated_count("{n} day", "{n} days", n))'))
    ['of {when}', ('{n} day', '{n} days')]

    Raises:
        AssertionError: a text has its values in it, so that no catalogue can hold it.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _IN_CONTEXT:
            words = [one.value for one in node.args if isinstance(one, ast.Constant)]
            if len(words) == 2:
                yield _CONTEXT.join(map(str, words))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _KEYWORDS:
            given = node.args[: len(_KEYWORDS[node.func.id] or (1,))]
            assert not any(isinstance(one, ast.JoinedStr) for one in given), ast.unparse(node)
            told = tuple(one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str))
            # What stands in a variable is declared elsewhere, as translatable.
            if len(told) == len(given) and all(told):
                yield told[0] if len(told) == 1 else told


def help_texts() -> Iterator[tuple[str, str]]:
    """Yield what the helps of all commands say, paragraph by paragraph, each with the file where it stands."""
    names = "hla_match/cli/commands.py"
    yield from ((names, text) for text in COMMANDS.values())
    for command in commands():
        assert command.callback is not None
        file = f"{command.callback.__module__.replace('.', '/')}.py"
        options = (one for one in command.params if isinstance(one, click.Option))
        for text in (command.help, command.epilog, *(one.help for one in options)):
            yield from ((file, paragraph) for paragraph in (paragraphs(text) if text else ()))
        if isinstance(command, LateCommands):
            yield from ((file, text) for _, text in command.late.values())


def commands(command: click.Command = group) -> Iterator[click.Command]:
    """Yield a command and all below it."""
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below)


def click_texts() -> Iterator[tuple[str, MessageId]]:
    """Yield what click itself says, each with the file where it stands."""
    folder = Path(click.__file__).parent
    for name in _CLICK_MODULES:
        with (folder / f"{name}.py").open("rb") as file:
            for _line, message, _comments, _context in extract("python", file, _CLICK_KEYWORDS):
                if message:
                    yield f"click/{name}.py", message
    # Stands in a variable there.
    yield "click/core.py", "required"


def _part(files: list[str]) -> str:
    for part, folders in PARTS.items():
        # What is shown in several parts of the house belongs to all of it.
        if all(file.startswith(folders) for file in files):
            return part
    raise AssertionError(f"{files} lie in no part")


def read_catalogue(part: str) -> Catalog:
    """Return a catalogue; an empty one where there is none yet."""
    path = FOLDER / f"{part}.po"
    content = path.read_bytes() if path.exists() else b""
    catalogue = read_po(io.BytesIO(content), locale=_LOCALE)
    # Else that of this moment.
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    return catalogue


def compiled(catalogue: Catalog) -> bytes:
    """Return what gettext reads."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def entries(catalogue: Catalog) -> Iterator[Message]:
    """Yield the texts of a catalogue, without its header."""
    yield from (message for message in catalogue if message.id)


def identity(message: Message) -> MessageId:
    """Return what a text is known by: itself, behind its context where it has one."""
    return f"{message.context}{_CONTEXT}{message.id}" if message.context else message.id


def is_translated(message: Message) -> bool:
    """Say whether a text has its translation, in every form of number."""
    given = [message.string] if isinstance(message.string, str) else list(message.string)
    return bool(given) and all(given) and not message.fuzzy


def named_values(template: str) -> set[str]:
    """Return the names in the braces of a text.

    >>> sorted(named_values("{n} of {several:,}"))
    ['n', 'several']
    """
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def update() -> None:
    """Write the catalogues anew: every text of the code, with the translation that it has, in any of them."""
    known = {identity(message): message.string for part in PARTS for message in entries(read_catalogue(part))}
    for part, found in texts().items():
        catalogue = Catalog(locale=_LOCALE, header_comment="# Texts in Simplified Chinese.", fuzzy=False)
        for message, files in found.items():
            context, _, text = message.rpartition(_CONTEXT) if isinstance(message, str) else ("", "", message)
            places = [(file, None) for file in files]
            catalogue.add(text, known.get(message, ""), places, context=context or None)
        written = io.BytesIO()
        write_po(written, catalogue, width=_WIDTH, omit_header=False, sort_output=True, include_lineno=False)
        lines = written.getvalue().decode().split("\n")
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{part}.po").write_text("\n".join(filter(_stays, lines)), encoding="utf-8")
        (FOLDER / f"{part}.mo").write_bytes(compiled(read_catalogue(part)))
        missing = sum(not is_translated(message) for message in entries(catalogue))
        print(f"{part}: {len(found)} texts, {missing} to translate")


def _stays(line: str) -> bool:
    return line != "#" and not line.startswith(_UNSTEADY)


if __name__ == "__main__":
    update()
