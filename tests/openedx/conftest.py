"""Tests against Open edX's own code: `make test-openedx`.

Elsewhere they are not collected, for the other side runs in an environment of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.openedx.scene import PYTHON, Scene, scene

if PYTHON not in os.environ:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """An Open edX course and this tool, each a process with an address, registered with each other."""
    with scene(tmp_path_factory.mktemp("openedx")) as made:
        yield made
