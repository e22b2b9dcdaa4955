"""A function that writes, waits for the test, and writes again; and the gate at which it waits."""

from __future__ import annotations

import base64
import json
import socket

ERROR = {"errorType": "My.Error", "errorMessage": "halfway"}

# The event is a function URL's, or looks like one: its query says what to do.
#   port=N      after the first chunk, wait at the gate there
#   kind=meta   metadata before the body
#   end=...     ok (default), error, hang, exit, close, mode
BOOTSTRAP = r"""#!/bin/bash
set -u
api="/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API##*:}"

next_event() {
  exec 3<>"$api"
  printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
  while IFS= read -r line <&3; do
    line="${line%$'\r'}"
    [ -z "$line" ] && break
    case "${line,,}" in
      lambda-runtime-aws-request-id:*) id="${line#*: }" ;;
      content-length:*) length="${line#*: }" ;;
    esac
  done
  IFS= read -r -N "$length" event <&3
  exec 3<&-
}
told() { # what the query says of this name
  if [[ "$event" =~ [\"\&]$1=([A-Za-z0-9.]*) ]]; then echo "${BASH_REMATCH[1]}"; else echo ""; fi
}
open_answer() { # content type
  exec 3<>"$api"
  printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n' "$id" "$1" >&3
  printf 'Lambda-Runtime-Function-Response-Mode: %s\r\nTransfer-Encoding: chunked\r\n' "$mode" >&3
  printf 'Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n' >&3
}
chunk() {
  printf '%x\r\n%s\r\n' "${#1}" "$1" >&3
}
while true; do
  next_event
  port="$(told port)" kind="$(told kind)" end="$(told end)" mode=streaming
  echo "writing for $id"
  [ "$end" = mode ] && mode=sideways
  if [ "$kind" = meta ]; then
    open_answer application/vnd.awslambda.http-integration-response
    prelude='{"statusCode":418,"headers":{"x-tea":"pot"},"cookies":["a=1","b=2"]}'
    printf '%x\r\n%s\0\0\0\0\0\0\0\0\r\n' "$((${#prelude} + 8))" "$prelude" >&3
  else
    open_answer text/plain
  fi
  [ "$end" = early ] || chunk first
  if [ -n "$port" ]; then
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    IFS= read -r -N 1 _ <&4
    exec 4<&-
  fi
  case "$end" in
    hang) sleep 900 ;;
    exit) exit 3 ;;
    close) exec 3<&-; continue ;;
    error | early)
      printf '0\r\nLambda-Runtime-Function-Error-Type: My.Error\r\n' >&3
      printf 'Lambda-Runtime-Function-Error-Body: ERROR_BODY\r\n\r\n' >&3 ;;
    *)
      chunk second
      printf '0\r\n\r\n' >&3 ;;
  esac
  IFS= read -r line <&3
  echo "told ${line%$'\r'}"
  exec 3<&-
  [ "$end" = mode ] && sleep 900
done
""".replace("ERROR_BODY", base64.b64encode(json.dumps(ERROR).encode()).decode())


def query(**told: object) -> dict[str, str]:
    """The event that says this."""
    return {"rawQueryString": "&".join(f"{name}={value}" for name, value in told.items())}


class Gate:
    """Whoever connects waits until it is opened. Functions reach it with the network `host`."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(20)
        self.port: int = self._listener.getsockname()[1]

    def open(self) -> None:
        """Wait until somebody stands there, and let them through."""
        waiting, _ = self._listener.accept()
        with waiting:
            waiting.sendall(b"!")

    def close(self) -> None:
        self._listener.close()
