"""What a boto3 user waits for, against MiniStack."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import boto3

from bench.goals import Figure, Result
from bench.handlers import PLAIN, package
from bench.peers import ministack
from bench.rounds import interleaved, medians, ratio
from bench.workshop import ECHO, ROLE, ROOT, Absent, Workshop

# Log type: the figure, and how many calls make one round's median.
CASES = {
    "Tail": (Figure("boto3_tail", "boto3 p50: times faster than MiniStack, LogType Tail", "x", 3, 6, True), 60),
    "None": (Figure("boto3", "boto3 p50: times faster than MiniStack, without log", "x", 12, 30, True), 30),
}
FIGURES = [figure for figure, _ in CASES.values()]


def measure(shop: Workshop) -> Iterator[Result]:
    try:
        peer = ministack.start(shop)
        _create(peer)
    except Absent as absent:
        yield from (Result(figure, None, note=str(absent)) for figure in FIGURES)
        return
    for log_type, (figure, calls) in CASES.items():
        urls = {"lambdaplay": shop.house.url, "MiniStack": peer}
        sides = {name: lambda url=url, kind=log_type, n=calls: _p50(url, n, kind) for name, url in urls.items()}
        values = interleaved(sides, shop.rounds)
        yield Result(figure, ratio(values, "MiniStack", "lambdaplay"), shop.rounds, medians(values))


def _create(url: str) -> None:
    client = boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_function(
        FunctionName=ECHO,
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": package(PLAIN)},
    )


def _p50(url: str, calls: int, log_type: str) -> float:
    command = [sys.executable, "-m", "bench.boto_calls", url, ECHO, str(calls), log_type]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return float(done.stdout)
