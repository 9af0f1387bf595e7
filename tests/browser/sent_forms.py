"""Forms that are sent as a page of the desk sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def send(page: Any, base: str, path: str, fields: Mapping[str, str]) -> str:
    """Send a form of the desk as a page of it does, and return the address that it led to."""
    page.goto(f"{base}/registry")
    page.evaluate(
        """([path, fields]) => {
            const form = document.createElement('form');
            form.method = 'post';
            form.action = path;
            for (const [name, value] of Object.entries(fields)) {
                const field = document.createElement('input');
                [field.type, field.name, field.value] = ['hidden', name, value];
                form.append(field);
            }
            document.body.append(form);
            form.submit();
        }""",
        [path, dict(fields)],
    )
    page.wait_for_url(lambda address: not address.endswith("/registry"))
    page.wait_for_load_state()
    return str(page.url)
