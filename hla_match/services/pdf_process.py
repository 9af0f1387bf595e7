"""A page laid out as PDF by a process of its own, which takes seconds, and can be given up."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import wait

from hla_match.services.pdf_pages import pdf_of_page
from hla_match.services.worker_processes import children_spared, end_with_parent, worker_processes

_LOOK = 0.2
"""Seconds between two looks whether somebody still waits."""


def pdf_made_apart(page: str, on_look: Callable[[], None]) -> bytes:
    """Return a page as PDF, as `hla_match.services.pdf_pages.pdf_of_page` makes it; other threads go on meanwhile.

    Args:
        page: a self-contained page.
        on_look: is called every now and then; where it raises, the process is ended and nothing is returned.

    Raises:
        CriteriaError: WeasyPrint is not installed, or no font has a character of the page.
        BrokenProcessPool: the process was ended from outside.
    """
    with worker_processes(1, end_with_parent) as pool:
        with children_spared():
            work = pool.submit(pdf_of_page, page)
        while not wait([work], _LOOK).done:
            on_look()
        return work.result()
