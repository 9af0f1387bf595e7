"""Builds the documentation site, without network: ``python docs/site [OUT]``.

    checkout                       sources, in a temporary folder                    OUT, build/site without it
    README.md, docs/*.md, ... -->  the same paths, so that links stay as they are
    docs/README.md            -->  index.md: what stands in the sidebar  --> Sphinx  -->  *.html
    hla_match.cli             -->  commands/*.md: every command and option
    hla_match, registry_io    -->  api/*.rst: every public name

The pages stay readable by themselves; what the site adds is written here. Notebooks are run unless ``--no-notebooks``
is given. A warning is an error: a link that leads nowhere, a page that is in no table, a notebook that fails.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

SITE = Path(__file__).resolve().parent
ROOT = SITE.parents[1]
sys.path[:0] = [str(ROOT), str(SITE)]  # the checkout is described, whatever is installed

OTHER_SOURCES = (
    "*.md", "LICENSE", "CITATION.cff", "tests/README.md", "registry_io/FORMAT.md", "hla_match/kernels/DESIGN.md",
    "benchmarks/*.md", "benchmarks/report/*.svg",
)  # fmt: skip
"""Files outside of ``docs`` that pages lead to."""


def sources() -> Iterator[Path]:
    """The files that the site is made of, by their paths in the checkout."""
    for pattern in OTHER_SOURCES:
        yield from sorted(ROOT.glob(pattern))
    for path in sorted((ROOT / "docs").rglob("*")):
        if path.is_file() and SITE not in path.parents and ".ipynb_checkpoints" not in path.parts:
            yield path


def assemble(folder: Path) -> None:
    """Lay out in a folder what Sphinx reads."""
    from api_pages import api_pages
    from command_pages import command_pages
    from contents import index_page

    for path in sources():
        goal = folder / path.relative_to(ROOT)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, goal)
    for name, text in {"index.md": index_page(), **command_pages(), **api_pages()}.items():
        goal = folder / name
        goal.parent.mkdir(parents=True, exist_ok=True)
        goal.write_text(text, encoding="utf-8")


def build(out: Path, *, notebooks: bool = True, quiet: bool = False) -> int:
    """Build the site, and return Sphinx's exit code."""
    from sphinx.cmd.build import build_main

    with tempfile.TemporaryDirectory() as name:
        # Notebooks run the checkout in English, and neither read nor write the user's own settings of IPython.
        os.environ |= {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
        os.environ |= {"HLA_MATCH_LANG": "en", "IPYTHONDIR": f"{name}/ipython"}
        folder = Path(name) / "pages"
        assemble(folder)
        mode = "force" if notebooks else "off"
        options = ["--fail-on-warning", "--keep-going", "--nitpicky", "-D", f"nb_execution_mode={mode}"]
        options += ["--quiet"] if quiet else []
        return build_main([*options, "-c", str(SITE), "-d", f"{name}/doctrees", str(folder), str(out)])


def main() -> None:
    """Build the site as the command line asks."""
    parser = argparse.ArgumentParser(prog="python docs/site", description="Builds the documentation site.")
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "build" / "site", help="folder of the pages")
    parser.add_argument("--no-notebooks", action="store_true", help="show notebooks without running them")
    parser.add_argument("--quiet", action="store_true", help="print warnings alone")
    given = parser.parse_args()
    missing = [name for name in ("sphinx", "myst_nb", "furo") if find_spec(name) is None]
    if missing:
        parser.error(f"found no {', '.join(missing)}: pip install '.[docs]'")
    code = build(given.out, notebooks=not given.no_notebooks, quiet=given.quiet)
    if not code and not given.quiet:
        print(f"Open {given.out / 'index.html'}")
    sys.exit(code)


if __name__ == "__main__":
    main()
