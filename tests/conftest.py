from __future__ import annotations

import pytest

from edge.build.pipeline import build_bundle
from edge.bundle import Bundle
from edge.cli import cache_dir


@pytest.fixture(scope="session")
def joe_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("joe") / "bundle"
    return build_bundle("en_US-joe-medium", "x86-64", folder, cache_dir(), lambda *_: None)
