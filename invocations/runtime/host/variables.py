"""The environment variables a function process starts with. Names and values: AWS's, as recorded for its runtimes."""

from __future__ import annotations

import time

from invocations.runtime.channel import Message
from invocations.runtime.host import jail
from invocations.session_keys import Claims, mint

# An environment does not live longer than this, so neither do its credentials, seconds.
KEY_LIFE = 12 * 3600


def for_environment(
    spec: Message,
    *,
    seed: str,
    environment_id: str,
    log_stream: str,
    api: str,
    endpoint: str,
    folders: Message,
    forwarder_port: int,
    home: str | None,
    initialization: str,
) -> dict[str, str]:
    """Platform variables, the user's over those that may be overridden, then the reserved ones.

    `home`: set where the user's home folder on this machine would else be looked into (and refused).
    """
    key = mint(
        seed,
        Claims(
            environment_id=environment_id,
            account=spec["account"],
            region=spec["region"],
            function=spec["function"],
            version=spec["version"],
            expires=int(time.time()) + KEY_LIFE,
        ),
    )
    reserved = {
        "_HANDLER": spec["handler"],
        "AWS_REGION": spec["region"],
        "AWS_DEFAULT_REGION": spec["region"],
        "AWS_LAMBDA_FUNCTION_NAME": spec["function"],
        "AWS_LAMBDA_FUNCTION_VERSION": spec["version"],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec["memory_mb"]),
        "AWS_LAMBDA_INITIALIZATION_TYPE": initialization,
        "AWS_LAMBDA_LOG_GROUP_NAME": spec["log_group"],
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_ACCESS_KEY_ID": key.key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_SESSION_TOKEN": key.token,
        "AWS_LAMBDA_RUNTIME_API": api,
        "LAMBDA_TASK_ROOT": folders["task"],
        "LAMBDA_RUNTIME_DIR": folders["runtime"],
        **spec["execution_env"],
        **spec["log_variables"],
        # Where there is no mount namespace, Python's runtime client is told where the layers are.
        **({} if folders["opt"] == jail.OPT else {"_LAMBDAPLAY_OPT": folders["opt"]}),
    }
    overridable = _overridable(spec, endpoint, folders, forwarder_port)
    return {**overridable, **({} if home is None else {"HOME": home}), **spec["variables"], **reserved}


def _overridable(spec: Message, endpoint: str, folders: Message, forwarder_port: int) -> dict[str, str]:
    proxy = f"http://127.0.0.1:{forwarder_port}"
    forwarder = {
        "HTTP_PROXY": proxy,
        "HTTPS_PROXY": proxy,
        "http_proxy": proxy,
        "https_proxy": proxy,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "LC_CTYPE": "C.UTF-8",
        "PATH": f"/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:{folders['opt']}/bin",
        "LD_LIBRARY_PATH": in_folders("/lib64:/usr/lib64:{runtime}:{task}:{task}/lib:{opt}/lib", folders),
        "PYTHONPATH": folders["runtime"],
        "PWD": folders["task"],
        "SHLVL": "0",
        "TMPDIR": folders["tmp"],
        **(forwarder if spec["network"] == "internet" else {}),
        **{name: in_folders(value, folders) for name, value in spec["runtime_variables"].items()},
    }


def in_folders(text: str, folders: Message) -> str:
    """Replace {task}, {opt}, {runtime} and {clients}: folders that only the host knows."""
    for name in ("task", "opt", "runtime", "clients"):
        text = text.replace("{" + name + "}", folders[name])
    return text
