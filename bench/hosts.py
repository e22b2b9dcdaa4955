"""The bench's side of `bench.environments`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.workshop import ROOT, Absent


class Hosted:
    """An environment host with a borrower, in processes of their own."""

    def __init__(self, home: Path, *, sandbox: str = "auto", spares: bool = True) -> None:
        environment = {**os.environ, "LAMBDAPLAY_HOME": str(home), "LAMBDAPLAY_SANDBOX": sandbox}
        self._errors = home.with_suffix(".log")
        with open(self._errors, "wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.environments", "spares" if spares else "none"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.level: str = self._answer()["level"]

    def ask(self, do: str, **order: Any) -> Any:
        """Have something measured. Raises Absent when it cannot be."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self._process.stdin.flush()
        return self._answer()["value"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            last = (self._errors.read_text().strip().splitlines() or ["it ended"])[-1]
            raise Absent(f"the environment host: {last}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Hosted:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
