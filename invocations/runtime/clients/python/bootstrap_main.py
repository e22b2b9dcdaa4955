"""What a Python environment runs: AWS's own bootstrap over our runtime client, with sys.path as on AWS.

Lies in the folder of the runtime's libraries, next to awslambdaric and boto3 (AWS's /var/runtime). Two ways in:
a fork server calls preload(), forks, closes the jail, sets os.environ and calls main(handler) in the child; a fresh
interpreter runs this file as a script. Standard library only.
"""

from __future__ import annotations

import gc
import os
import sys
from itertools import takewhile
from types import ModuleType

LIBRARIES = os.path.dirname(os.path.abspath(__file__))

# Packages of LIBRARIES that only work together: one bundled with the code makes all of them come from the code first.
_SDK = frozenset(("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"))

# Modules that a fresh start would have loaded before the handler; None: nothing was preloaded beyond that.
_baseline: frozenset[str] | None = None
# Found before the fork, because a look at every module in each child would copy a page for each.
_survey: Survey | None = None


class Survey:
    """What a start may have to forget: modules by the package they belong to, and those of the fork server."""

    def __init__(self, last: str) -> None:
        self.by_package: dict[str, list[str]] = {}
        self.foreign: dict[str, ModuleType] = {}  # referenced here, so that forgetting one takes nothing apart
        self.last = last  # the module that was loaded last


def preload(boto3: bool) -> None:
    """Import all that function starts have in common, and boto3 when asked to. No thread, no open socket.

    For a fork server; the caller freezes the garbage collector afterwards.
    """
    global _baseline, _survey
    if LIBRARIES not in sys.path:
        sys.path.insert(0, LIBRARIES)
    _import_runtime()
    _baseline = frozenset(sys.modules)
    _import_common()
    if boto3:
        _import_sdk()
    _survey = _look_around(list(sys.modules))


def _import_runtime() -> None:
    import site  # with -S not loaded: exit() and quit() come from it

    import awslambdaric.bootstrap
    import awslambdaric.lambda_literals  # noqa: F401

    site.setquit()
    site.setcopyright()
    site.sethelper()


def _import_common() -> None:
    """What handlers and failing starts most often load next."""
    import base64  # noqa: F401
    import concurrent.futures.thread  # noqa: F401
    import datetime  # noqa: F401
    import hashlib  # noqa: F401
    import http.client  # noqa: F401
    import random  # noqa: F401
    import ssl  # noqa: F401
    import subprocess  # noqa: F401
    import urllib.request  # noqa: F401
    import uuid  # noqa: F401
    from encodings import ascii, idna, latin_1  # noqa: F401


def _import_sdk() -> None:
    """boto3 and what it imports only once a client or resource is made. Making one here would warm nothing more.

    Its loaders' caches belong to each session, so parsed service models cannot be inherited.
    """
    import boto3.dynamodb.conditions
    import boto3.dynamodb.table
    import boto3.dynamodb.transform
    import boto3.s3.inject
    import boto3.s3.transfer  # noqa: F401

    gc.collect()


def main(handler: str) -> None:
    """Run the handler's event loop in this process. Never returns: ends the process as an interpreter would end.

    Reads from os.environ, like AWS's own start: LAMBDA_TASK_ROOT, AWS_LAMBDA_RUNTIME_API, AWS_EXECUTION_ENV, TZ,
    PYTHONPATH, AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL.
    """
    code = 1
    try:
        _run(handler)
    except SystemExit as error:
        code = _exit_code(error)
    except MemoryError:
        _die_as_out_of_memory()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        _leave(code)


def _run(handler: str) -> None:
    task_root = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
    if "TZ" in os.environ:
        import time

        time.tzset()
    _import_runtime()
    sys.argv = [os.path.join(LIBRARIES, "bootstrap.py")]
    sys.path[:] = _search_path(task_root)
    _let_code_come_first(task_root)

    from awslambdaric import bootstrap, lambda_runtime_client

    if "AWS_LAMBDA_LOG_FORMAT" in os.environ or "AWS_LAMBDA_LOG_LEVEL" in os.environ:
        import importlib

        importlib.reload(bootstrap)  # reads them when imported
    # Made at import, when AWS_EXECUTION_ENV, which decides how non-ASCII results are written, was not known.
    lambda_runtime_client.BaseLambdaRuntimeClient.marshaller = lambda_runtime_client.LambdaMarshaller()

    class Client(lambda_runtime_client.LambdaRuntimeClient):
        def post_init_error(self, error: dict[str, str], error_type: str | None = None) -> None:
            if error["errorType"] == "MemoryError" and not error["errorMessage"]:
                _die_as_out_of_memory()
            super().post_init_error(error, error_type)

    bootstrap.run(handler, Client(os.environ["AWS_LAMBDA_RUNTIME_API"]))


def _die_as_out_of_memory() -> None:
    """The interpreter met the memory limit. On AWS the kernel would have killed the process there."""
    os.kill(os.getpid(), 9)


def _layer_folders() -> list[str]:
    layers = f"{os.environ.get('_LAMBDAPLAY_OPT', '/opt')}/python"
    packages = f"{layers}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    return [packages, layers]


def _search_path(task_root: str) -> list[str]:
    """The code, the layers, PYTHONPATH, the runtime's libraries, the standard library: AWS's order."""
    standard = [path for path in sys.path if path and _is_standard(path)]
    asked = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != LIBRARIES]
    return list(dict.fromkeys([task_root, *_layer_folders(), *asked, LIBRARIES, *standard]))


def _is_standard(path: str) -> bool:
    prefixes = {sys.base_prefix, sys.base_exec_prefix}
    inside = any(path == prefix or path.startswith(prefix + os.sep) for prefix in prefixes)
    return inside and "site-packages" not in path and "dist-packages" not in path


def _let_code_come_first(task_root: str) -> None:
    """Forget preloaded modules of which the code or a layer brings its own, and those of the fork server.

    What a fresh start would have loaded stays, except the one package that awslambdaric itself brings along.
    """
    survey = _look_around(list(sys.modules)) if _survey is None else _survey
    late = _look_around(list(takewhile(survey.last.__ne__, reversed(sys.modules))))
    brought: set[str] = set()
    for folder in (task_root, *_layer_folders()):
        try:
            brought.update(name.partition(".")[0] for name in os.listdir(folder))
        except OSError:
            continue
    if brought & _SDK:
        brought |= _SDK
    for each in (survey, late):
        forgotten = [name for package in brought for name in each.by_package.get(package, ())]
        for name in (*forgotten, *each.foreign):
            sys.modules.pop(name, None)
    sys.modules.pop("bootstrap_main", None)


def _look_around(names: list[str]) -> Survey:
    known = frozenset(sys.modules) if _baseline is None else _baseline
    survey = Survey(names[-1] if names else "")
    for name in names:
        if name == "__main__":
            continue
        top = name.partition(".")[0]
        if name not in known or top == "simplejson":
            survey.by_package.setdefault(top, []).append(name)
        if _is_foreign(sys.modules[name]):
            survey.foreign[name] = sys.modules[name]
    return survey


def _is_foreign(module: ModuleType) -> bool:
    """Whether it came from neither the standard library nor LIBRARIES: then it is the fork server's own."""
    path = getattr(module, "__file__", None)
    return path is not None and not path.startswith(LIBRARIES + os.sep) and not _is_standard(path)


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def _leave(code: int) -> None:
    """End as the interpreter does: wait for threads, run exit handlers, flush; but unwind nothing of the parent."""
    import atexit
    import threading

    for step in (getattr(threading, "_shutdown", None), atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):
        try:
            if step is not None:
                step()
        except BaseException:  # noqa: S112  nobody is left to be told
            continue
    os._exit(code)


if __name__ == "__main__":
    # As a module of its own name, so that it can be imported and forgotten like in a forked start.
    sys.path.insert(0, LIBRARIES)
    import bootstrap_main

    bootstrap_main.main(sys.argv[1] if len(sys.argv) > 1 else os.environ["_HANDLER"])
