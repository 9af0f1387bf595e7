"""Whether kernels were compiled before is not what these tests are about."""

from __future__ import annotations

import pytest

from hla_match.cli import compilation


@pytest.fixture(autouse=True)
def silent_compilation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilation, "say", lambda **_: None)
