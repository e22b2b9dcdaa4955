"""Layers inside the sandbox: below /opt, found by the runtimes, at every level."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace

import pytest

from invocations.runtime import code
from tests.runtime.conftest import best
from tests.runtime.hosts import Host, package
from tests.runtime.test_host_runtimes import BASH

SITE = f"python/lib/python3.{sys.version_info.minor}/site-packages"
ASKS = """
import tools
def handler(event, context):
    return [tools.NAME, tools.__file__]
"""


def stacked(*layers: Mapping[str, str]) -> str:
    return code.overlay([package(files) for files in layers])


def test_a_python_function_imports_what_its_layers_bring_the_later_over_the_earlier(host: Host) -> None:
    layers = stacked({"python/tools.py": "NAME = 1\n"}, {"python/tools.py": "NAME = 2\n"})
    name, path = host.call(host.function(ASKS, opt_sha256=layers))
    assert name == 2
    assert host.level == "L0" or path == "/opt/python/tools.py"


def test_a_fresh_interpreter_finds_them_too(host: Host) -> None:
    layers = stacked({f"{SITE}/tools.py": "NAME = 'site'\n", "python/tools.py": "NAME = 'plain'\n"})
    spec = host.function(ASKS, opt_sha256=layers, variables={"PYTHONHASHSEED": "1"})
    assert host.call(spec)[0] == "site"


@best
def test_code_comes_before_layers_and_a_layers_sdk_before_the_runtimes(host: Host) -> None:
    files = {"app.py": "import tools, boto3\ndef handler(e, c): return [tools.NAME, boto3.NAME]\n"}
    layers = stacked({"python/tools.py": "NAME = 'layer'\n", "python/boto3.py": "NAME = 'layer'\n"})
    spec = host.function({**files, "tools.py": "NAME = 'code'\n"}, opt_sha256=layers)
    assert host.call(spec) == ["code", "layer"]


@best
def test_layers_are_read_only_and_only_ones_own_are_there(host: Host) -> None:
    source = """
import os
def handler(event, context):
    try:
        open("/opt/new", "w")
    except OSError as error:
        return [sorted(os.listdir("/opt")), error.strerror]
"""
    layers = stacked({"bin/tool": "#!/bin/sh\n"}, {"lib/x.txt": "x"})
    assert host.call(host.function(source, opt_sha256=layers)) == [["bin", "lib"], "Read-only file system"]
    assert host.call(host.function(source))[0] == []


@best
def test_programs_of_a_layer_are_on_the_path_and_may_wrap_the_runtime(host: Host) -> None:
    source = """
import os, subprocess
def handler(event, context):
    return [subprocess.run(["tool"], capture_output=True, text=True).stdout, os.environ.get("WRAPPED")]
"""
    files = {"bin/tool": "#!/bin/sh\necho from a layer\n", "wrap": '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n'}
    spec = host.function(source, opt_sha256=stacked(files), variables={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap"})
    assert host.call(spec) == ["from a layer\n", "yes"]


@best
def test_shared_libraries_of_a_layer_are_found_by_their_name(host: Host) -> None:
    import zipfile
    from ctypes.util import find_library
    from io import BytesIO
    from pathlib import Path

    name = find_library("z")
    found = [path for folder in ("/usr/lib", "/lib") for path in Path(folder).glob(f"*-linux-gnu/{name}")]
    if name is None or not found:
        pytest.skip("this machine has no libz to copy")
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("lib/libfromlayer.so.1", found[0].read_bytes())
    layers = code.overlay([code.store(buffer.getvalue()).sha256])
    source = "import ctypes\nlib = ctypes.CDLL('libfromlayer.so.1')\ndef handler(e, c): return bool(lib.zlibVersion)\n"
    assert host.call(host.function(source, opt_sha256=layers)) is True


@best
def test_a_node_function_requires_a_module_of_a_layer(host: Host) -> None:
    from invocations.runtime import runtimes

    if runtimes.unrunnable("nodejs22.x") is not None:
        pytest.skip("this machine has no Node.js")
    files = {"app.js": 'const t = require("tools");\nexports.handler = async () => t.name;\n'}
    layers = stacked({"nodejs/node_modules/tools/index.js": 'exports.name = "node layer";\n'})
    assert host.call(host.function(files, runtime="nodejs22.x", opt_sha256=layers)) == "node layer"


def test_a_custom_runtime_may_come_from_a_layer(host: Host) -> None:
    layers = stacked({"bootstrap": BASH})
    spec = host.function({"config": "x"}, runtime="provided.al2023", handler="x", opt_sha256=layers)
    assert host.call(spec, 1) == {"handler": "x", "event": 1}


@best
def test_other_layers_are_another_environment(host: Host) -> None:
    spec = host.function(ASKS, opt_sha256=stacked({"python/tools.py": "NAME = 1\n"}))
    assert host.call(spec)[0] == 1
    other = replace(spec, opt_sha256=stacked({"python/tools.py": "NAME = 3\n"}), key=spec.key + "b")
    assert host.call(other)[0] == 3
