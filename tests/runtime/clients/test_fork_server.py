"""A warm parent that imports everything ahead, and what its forked children must not notice."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from invocations.runtime import libraries
from tests.runtime.clients.platform import Platform


def in_bare_interpreter(code: str, *arguments: str) -> Any:
    """Run the code in `python -I -S` with the libraries in front; what it prints, as JSON."""
    folder = str(libraries.prepare(settings.LAMBDAPLAY_HOME))
    program = f"import json, os, sys; sys.path.insert(0, {folder!r}); import bootstrap_main\n{textwrap.dedent(code)}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, *arguments], capture_output=True, check=True, env={}
    )
    return json.loads(done.stdout)


def test_preloading_starts_no_thread_and_opens_nothing() -> None:
    told = in_bare_interpreter(
        """
        before = os.listdir("/proc/self/fd")
        bootstrap_main.preload(boto3=True)
        print(json.dumps([len(os.listdir("/proc/self/task")), before == os.listdir("/proc/self/fd"),
                          "boto3.session" in sys.modules]))
        """
    )
    assert told == [1, True, True]


def test_preloading_without_boto3_leaves_it_out() -> None:
    told = in_bare_interpreter(
        "bootstrap_main.preload(boto3=False); print(json.dumps(['botocore' in sys.modules, 'ssl' in sys.modules]))"
    )
    assert told == [False, True]


PARENT = """
import os, sys
sys.path.insert(0, {folder!r})
import bootstrap_main
bootstrap_main.preload(boto3=True)
for name in ("fork_servers_own",):
    sys.modules[name] = type(sys)(name)
    sys.modules[name].__file__ = "/somewhere/else.py"
if os.fork() == 0:
    os.environ.update({environment!r}, AWS_LAMBDA_RUNTIME_API=os.environ["AWS_LAMBDA_RUNTIME_API"])
    bootstrap_main.main("app.handler")
os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.fixture
def forked(tmp_path: Path) -> Any:
    started: list[Platform] = []
    folder = str(libraries.prepare(settings.LAMBDAPLAY_HOME))

    def begin(source: str, files: dict[str, str] | None = None, **variables: str) -> Platform:
        for name, text in {"app.py": source, **(files or {})}.items():
            (tmp_path / name).write_text(textwrap.dedent(text))
        environment = {"LAMBDA_TASK_ROOT": str(tmp_path), "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12", **variables}
        program = PARENT.format(folder=folder, environment=environment)
        started.append(Platform([sys.executable, "-I", "-S", "-c", program], {}, str(tmp_path)))
        return started[-1]

    yield begin
    for platform in started:
        platform.close()


def test_a_fork_obeys_variables_that_its_parent_did_not_have(forked: Any) -> None:
    platform = forked(
        """
        import time, logging
        def handler(event, context):
            logging.warning("look")
            return {"zone": time.strftime("%Z", time.localtime(0)), "name": context.function_name, "text": "ü"}
        """,
        TZ="XYZ+3",
        AWS_LAMBDA_FUNCTION_NAME="f",
        AWS_LAMBDA_LOG_FORMAT="JSON",
    )
    posted = platform.invoke({})
    assert posted.body == '{"zone": "XYZ", "name": "f", "text": "ü"}'.encode()
    assert '"message": "look"' in platform.output


def test_a_fork_imports_what_its_code_bundles_and_not_the_preloaded_sdk(forked: Any) -> None:
    platform = forked(
        "import boto3, queue\ndef handler(event, context): return [boto3.MINE, queue.MINE]",
        files={"boto3.py": "MINE = 1", "queue.py": "MINE = 2"},
    )
    assert platform.invoke({}).json == [1, 2]


def test_a_fork_that_bundles_nothing_gets_the_preloaded_sdk(forked: Any) -> None:
    platform = forked("import sys\nloaded = 'boto3' in sys.modules\ndef handler(event, context): return loaded")
    assert platform.invoke({}).json is True


def test_a_fork_does_not_see_its_parents_own_modules(forked: Any) -> None:
    platform = forked(
        "import sys\n"
        "def handler(event, context): return sorted({'fork_servers_own', 'bootstrap_main'} & set(sys.modules))"
    )
    assert platform.invoke({}).json == []


def test_a_forked_handler_that_exits_ends_with_its_own_status(forked: Any) -> None:
    platform = forked("def handler(event, context): exit(5)")
    assert platform.invoke({}) is None
    assert platform.ended() == 5
