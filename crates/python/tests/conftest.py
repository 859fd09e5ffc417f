import json
import tarfile
from pathlib import Path

import pytest

CRATES = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def fixtures():
    """Inputs with expected values of the original implementation, as the Rust tests hold them."""
    return lambda crate, name: CRATES / crate / "tests" / "fixtures" / name


@pytest.fixture(scope="session")
def mini(tmp_path_factory, fixtures):
    """The mini bundle with the later release's lists, and a description that pins them: (folder, description)."""
    root = tmp_path_factory.mktemp("mini")
    with tarfile.open(fixtures("scoring", "mini.tar.gz")) as archive:
        archive.extractall(root, filter="data")
    artifacts = root / "artifacts"
    pins = json.loads(fixtures("scoring", "later/pins.json").read_text())
    lists = {"core_list.json": "core", "intersection.json": "intersection"}
    for name, word in lists.items():
        target = next(path for path in sorted(pins) if word in path)
        (artifacts / target).write_bytes(fixtures("scoring", f"later/{name}").read_bytes())
    description = json.loads(fixtures("scoring", "mini.release.json").read_text())
    description["scope_manifests"] = pins
    release = root / "release.json"
    release.write_text(json.dumps(description))
    return artifacts, release
