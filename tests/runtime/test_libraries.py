"""The folder beside Python functions: complete, readable for another user, and nothing of the server's in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from invocations.runtime import libraries
from lambdaplay.home import Home


@pytest.fixture(scope="module")
def folder() -> Path:
    return libraries.prepare(settings.LAMBDAPLAY_HOME)


def _files(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        yield Path(root)
        yield from (Path(root, name) for name in names)


def test_a_bare_interpreter_imports_client_and_sdk_from_it_alone(folder: Path) -> None:
    code = """
import sys, json
sys.path.append(sys.argv[1])
import awslambdaric.bootstrap, runtime_client, boto3, simplejson, snapshot_restore_py
from importlib.metadata import version
boto3.client("dynamodb", region_name="us-east-1")
outside = [m.__name__ for m in list(sys.modules.values()) if "site-packages" in (getattr(m, "__file__", "") or "")]
print(json.dumps([outside, runtime_client.__file__.startswith(sys.argv[1]), version("boto3") == boto3.__version__,
                  simplejson.encoder.c_make_encoder is not None]))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(folder)], capture_output=True, check=True, env={}, text=True
    )
    outside, ours, right_version, fast = json.loads(done.stdout)
    assert outside == []
    assert ours
    assert right_version
    assert fast, "simplejson's compiled half fits this interpreter and must be there"


def test_everything_in_it_can_be_read_by_anybody(folder: Path) -> None:
    for path in _files(folder):
        mode = path.stat().st_mode
        assert mode & 0o444 == 0o444, path
        assert not path.is_dir() or mode & 0o111 == 0o111, path
        assert not mode & 0o002, path


def test_nothing_of_the_server_and_no_foreign_compiled_module_is_in_it(folder: Path) -> None:
    names = {path.name.split("-")[0].removesuffix(".py") for path in folder.iterdir()}
    assert not names & {"django", "celery", "invocations", "lambdaplay", "pip", "cryptography"}
    assert [
        path.name for path in _files(folder) if path.suffix == ".so" and not path.name.startswith("_speedups")
    ] == []


def test_sources_are_compiled_and_trusted_without_a_look_at_their_dates(folder: Path) -> None:
    cached = folder / "botocore" / "__pycache__" / f"client.{sys.implementation.cache_tag}.pyc"
    assert cached.read_bytes()[4] == 0b01, "an unchecked hash"


def test_preparing_again_gives_the_same_folder_untouched(folder: Path) -> None:
    before = folder.stat()
    assert libraries.prepare(settings.LAMBDAPLAY_HOME) == folder
    assert folder.stat().st_mtime_ns == before.st_mtime_ns


def test_processes_that_prepare_at_once_agree_and_leave_no_half_made_folder(tmp_path: Path) -> None:
    home, found = Home(tmp_path / "home"), []
    threads = [threading.Thread(target=lambda: found.append(libraries.prepare_clients(home))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert os.listdir(home.libraries) == [found[0].name]


def test_an_outdated_folder_goes_when_a_new_one_is_made(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    outdated = home.libraries / "clients-0000000000000000"
    outdated.mkdir(parents=True)
    made = libraries.prepare_clients(home)
    assert not outdated.exists()
    assert (made / "node" / "index.mjs").stat().st_mode & 0o777 == 0o644


def test_a_failure_while_building_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "broken.mjs").symlink_to(tmp_path / "nowhere")
    monkeypatch.setattr(libraries, "NODE_CLIENT", tmp_path / "node")
    home = Home(tmp_path / "home")
    with pytest.raises(FileNotFoundError):
        libraries.prepare_clients(home)
    assert not home.libraries.exists() or os.listdir(home.libraries) == []


def test_versions_names_what_functions_get() -> None:
    assert {"awslambdaric", "boto3", "botocore", "simplejson", "urllib3"} <= set(libraries.versions())


def test_another_interpreters_compiled_files_are_added(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("value = 1")
    libraries.compile_for(tmp_path, sys.executable)
    [compiled] = (tmp_path / "__pycache__").iterdir()
    assert compiled.name == f"module.{sys.implementation.cache_tag}.pyc"
    assert compiled.stat().st_mode & 0o444 == 0o444
