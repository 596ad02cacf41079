"""The package as people install it: from the sdist, editable, and without a compiler (30 s)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any

import numpy
import pytest

from edge import kernels
from edge.adapters import http_page
from tests.helpers.daemon_under_test import ROOT

MANYLINUX = tuple(f"manylinux_2_{minor}_" for minor in range(17, 29))
"""What a release may ask for: glibc 2.28 or less."""
PIP = ["-m", "pip", "--disable-pip-version-check"]
REQUIRED = {"SKBUILD_WHEEL_CMAKE": "true"}
LOADED = (
    "import onnxruntime; from edge import kernels; library = kernels.library_path(); "
    "onnxruntime.SessionOptions().register_custom_ops_library(str(library)); print(library)"
)


class Environment:
    """A fresh virtual environment that sees the packages of this one, but not its `edge`."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.folder = folder
        self._python = folder / "bin/python"
        [site] = folder.glob("lib/python*/site-packages")
        # A path in a .pth file is searched last, and .pth files that lie there are not read.
        there = f"{sysconfig.get_path('purelib')}\n{Path(numpy.__file__).parents[1]}\n"
        (site / "tested_with.pth").write_text(there, encoding="utf-8")

    def run(self, *arguments: str | Path, **environment: str) -> str:
        """What Python printed, in a folder where nothing of ours lies; "" if it failed."""
        inherited = {
            k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "EDGE_KERNELS")
        }
        done = subprocess.run(
            [self._python, *arguments],
            cwd=self.folder,
            env=inherited | environment,
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    def install(self, *what: str | Path, **environment: str) -> None:
        offline = ["--no-deps", "--no-index", "--no-build-isolation", "--force-reinstall"]
        said = self.run(*PIP, "install", *offline, *what, **environment)
        assert "Successfully installed edge-voice" in said, said

    def finding(self) -> dict[str, Any]:
        """What `edge doctor` says of the operators."""
        findings = json.loads(self.run("-m", "edge", "doctor", "--json"))
        [found] = [finding for finding in findings if finding["subject"] == "kernels"]
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made from the sdist, so that whatever the sdist lacks is missed."""
    folder = tmp_path_factory.mktemp("wheel")
    make = f"from scikit_build_core.build import build_sdist; build_sdist({str(folder)!r})"
    subprocess.run([sys.executable, "-c", make], cwd=ROOT, check=True, capture_output=True)
    [sdist] = folder.glob("*.tar.gz")
    command = [*PIP, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder]
    subprocess.run(
        [sys.executable, *command, sdist],
        cwd=folder,
        env=os.environ | REQUIRED,
        check=True,
        capture_output=True,
    )
    [made] = folder.glob("*.whl")
    return made


def test_one_wheel_per_architecture_with_profiles_and_voices(wheel: Path) -> None:
    assert wheel.name.endswith(f"-py3-none-linux_{os.uname().machine}.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("profiles", "models"):
        assert {f"edge/{folder}/{file.name}" for file in (ROOT / folder).glob("*.yaml")} <= names
    page = {f"edge/adapters/page/{file.name}" for file in http_page.FOLDER.iterdir()}
    assert f"edge/kernels/{kernels.LIBRARY}" in names and len(page) > 5 and page <= names
    assert not [name for name in names if name.endswith((".cpp", ".h", ".gitignore"))]


def test_the_wheel_loads_on_glibc_2_28(wheel: Path, tmp_path: Path) -> None:
    """No symbol is newer than those of Debian 10."""
    compiler = subprocess.check_output(["c++", "-dumpversion"], text=True)
    if int(compiler.split(".")[0]) > 12:
        pytest.skip("releases are compiled with gcc 12 or older: make wheels on Debian 12")
    command = [sys.executable, "-m", "auditwheel", "repair", "--patcher", "none", "-w", tmp_path]
    subprocess.run([*command, wheel], check=True, capture_output=True)
    [tagged] = tmp_path.iterdir()
    assert any(tag in tagged.name for tag in MANYLINUX), tagged.name


def test_a_wheel_brings_operators_that_onnxruntime_loads(
    environment: Environment, wheel: Path
) -> None:
    environment.install(wheel)
    library = Path(environment.run("-c", LOADED).strip())
    assert library.is_relative_to(environment.folder) and library.name == kernels.LIBRARY
    assert environment.finding()["verdict"] == "ok"
    assert "rpi5" in environment.run("-m", "edge", "profiles")
    assert "en_US-joe-medium" in environment.run("-m", "edge", "voices")


def test_an_editable_install_runs_the_checkout_and_has_the_operators(
    environment: Environment,
) -> None:
    environment.install("--editable", ROOT, **REQUIRED)
    source = environment.run("-c", "import edge.cli as c; print(c.__file__)")
    assert Path(source.strip()) == ROOT / "edge/cli.py"
    assert environment.run("-c", LOADED)
    assert environment.finding()["verdict"] == "ok"


def test_without_a_compiler_all_else_works_and_the_doctor_says_what_to_type(
    environment: Environment, tmp_path: Path
) -> None:
    environment.install(ROOT, CXX=str(tmp_path / "no-compiler"))
    found = environment.finding()
    assert found["verdict"] == "warn" and "not built" in found["message"]
    assert "sudo apt install cmake g++" in found["remedy"]
    assert f"{environment.folder}/bin/python -m pip install" in found["remedy"]
    assert "rpi5" in environment.run("-m", "edge", "profiles")


def test_what_cannot_be_compiled_is_an_error_where_the_operators_are_a_must(
    environment: Environment, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match="Successfully installed"):
        environment.install(ROOT, CXX=str(tmp_path / "no-compiler"), **REQUIRED)
