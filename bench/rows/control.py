"""The control plane: what tools wait for that create, read and list functions, and what provisioning promises."""

from __future__ import annotations

import base64
import io
import os
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any

from bench.calling import load
from bench.catalogue import multiply
from bench.goals import Figure, Result
from bench.handlers import PLAIN
from bench.rounds import interleaved, medians, ratio
from bench.workshop import ECHO, ROLE, Workshop, create
from tests.house import House, free_port

READ = Figure("control_read", "GetFunctionConfiguration p50 against a bare view with one SELECT", "x", 2.5, 1.5)
SMALL = Figure("create_10_kb", "CreateFunction to Active, 10 KB zip", "ms", 150, 50)
LARGE = Figure("create_50_mb", "CreateFunction to Active, 50 MB zip", "ms", 2000, 1000)
LIST = Figure("list_10000", "ListFunctions, 50 out of 10,000 functions against 50 out of 100, p50", "x", 1.3, 1.1)
WARM = Figure("provisioned", "calls within provisioned concurrency without a cold start", "%", 100, 100, True)
FIGURES = [READ, SMALL, LARGE, LIST, WARM]

_ZIPS = {SMALL: 10 * 1024, LARGE: 50 * 10**6 - 64 * 1024}  # bytes; AWS's limit is 50 MB, and a zip has a frame
_FEW, _MANY = 100, 10_000
_PROVISIONED, _VERSION = 5, "1"
_POLL_SECONDS = 0.002
_PATIENCE_SECONDS = 120.0


def measure(shop: Workshop) -> Iterator[Result]:
    yield _read(shop)
    for figure, size in _ZIPS.items():
        made = [_created(shop.house, f"{figure.key}-{number}", size) for number in range(shop.rounds + 1)][1:]
        yield Result(figure, median(made), shop.rounds)
    yield _listed(shop)
    yield _provisioned(shop)


def _read(shop: Workshop) -> Result:
    path = f"/2015-03-31/functions/{ECHO}/configuration"
    sides = {
        "lambdaplay_ms": partial(_p50, shop, shop.house.port, path),
        "select_ms": partial(_p50, shop, shop.bare, "/select"),
    }
    values = interleaved(sides, shop.rounds)
    return Result(READ, ratio(values, "lambdaplay_ms", "select_ms"), shop.rounds, medians(values))


def _p50(shop: Workshop, port: int, path: str) -> float:
    return float(load(port, path, 1, shop.seconds, method="GET")["p50_ms"])


def _created(house: House, name: str, size: int) -> float:
    """Milliseconds from the call to the first answer that says Active, through boto3."""
    client, package = house.client("lambda"), _package(size)
    client.list_functions(MaxItems=1)  # the connection and boto3's own beginnings are not counted
    began = time.perf_counter()
    client.create_function(
        FunctionName=name,
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": package},
    )
    while client.get_function_configuration(FunctionName=name)["State"] != "Active":
        time.sleep(_POLL_SECONDS)
    took = 1000 * (time.perf_counter() - began)
    client.delete_function(FunctionName=name)
    return took


def _package(size: int) -> bytes:
    """A zip of that many bytes, and a different one each time: the same code would be stored already."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", PLAIN)
        archive.writestr("data.bin", os.urandom(size - 512))
    return buffer.getvalue()


def _listed(shop: Workshop) -> Result:
    with ExitStack() as exits:
        few, many = (_stocked(shop, exits, count) for count in (_FEW, _MANY))
        path = "/2015-03-31/functions/?MaxItems=50"
        sides = {
            f"{_MANY}_ms": partial(_p50, shop, many.port, path),
            f"{_FEW}_ms": partial(_p50, shop, few.port, path),
        }
        values = interleaved(sides, shop.rounds)
    return Result(LIST, ratio(values, f"{_MANY}_ms", f"{_FEW}_ms"), shop.rounds, medians(values))


def _stocked(shop: Workshop, exits: ExitStack, functions: int) -> House:
    """A house with so many functions."""
    house = House(shop.scratch / f"stocked-{functions}", free_port(), {"LAMBDAPLAY_COMPANION": "none"})
    exits.callback(house.stop)
    house.start()
    create(house, ECHO, "plain")
    house.stop()
    multiply(house.home / "db.sqlite3", ECHO, functions)
    house.start()
    return house


def _provisioned(shop: Workshop) -> Result:
    """As many calls at once as are provisioned, again and again; the REPORT of a cold start has an Init Duration.

    (What an environment's initialisation took beforehand is told in a line of its own, INIT_REPORT.)
    """
    create(shop.house, "ready", "tenth")
    client = shop.house.client("lambda")
    client.publish_version(FunctionName="ready")
    target = {"FunctionName": "ready", "Qualifier": _VERSION}
    client.put_provisioned_concurrency_config(**target, ProvisionedConcurrentExecutions=_PROVISIONED)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while client.get_provisioned_concurrency_config(**target)["Status"] != "READY":
        if time.monotonic() > deadline:
            raise TimeoutError("the environments were not ready in time")
        time.sleep(0.05)
    rounds = 2 + 2 * shop.rounds
    with ThreadPoolExecutor(_PROVISIONED) as callers:
        logs = [log for _ in range(rounds) for log in callers.map(lambda _: _log(client, target), range(_PROVISIONED))]
    warm = sum(b"Init Duration" not in _report(log) for log in logs)
    return Result(WARM, 100 * warm / len(logs), shop.rounds, note=f"{warm} of {len(logs)} calls")


def _report(log: bytes) -> bytes:
    (found,) = (line for line in log.splitlines() if line.startswith(b"REPORT "))
    return found


def _log(client: Any, target: dict[str, str]) -> bytes:
    answer = client.invoke(**target, LogType="Tail")
    if "FunctionError" in answer:
        raise RuntimeError("the function failed")
    return base64.b64decode(answer["LogResult"])
