"""Tell a function that failed for lack of network which setting would give it one. Pure: texts in, a sentence out."""

from __future__ import annotations

import re

from invocations.values import Outcome

# What Python, Node, libc and the SDKs say when there is no route, no resolver, or a wall in between.
_LACK = re.compile(
    r"network is unreachable|ENETUNREACH|errno 101\b"
    r"|name resolution|EAI_AGAIN|name or service not known|ENOTFOUND|NameResolutionError|failed to resolve"
    r"|could not resolve host"
    r"|could not connect to the endpoint url"
    r"|(urlopen error|failed to establish a new connection:) \[errno 13\]"
    # Of a socket; of a file it would be named.
    r"|connect EACCES|^\[errno 13\] permission denied$",
    re.IGNORECASE | re.MULTILINE,
)
_HINTS = {
    "endpoint": (
        "this function's network is 'endpoint': it reaches lambdaplay's own AWS endpoint and nothing else. Set it to "
        "'internet' (public addresses, through a proxy) or 'host' (this machine's own network)"
    ),
    "internet": (
        "this function's network is 'internet': public addresses only, and only through the proxy in HTTPS_PROXY and "
        "HTTP_PROXY. Set it to 'host' for clients that use no proxy and for private addresses"
    ),
}
_WHERE = "in the console under Configuration, or for all functions with LAMBDAPLAY_FUNCTION_NETWORK."


def network_hint(network: str, outcome: Outcome, error_message: str, log: bytes) -> bytes | None:
    """The log line that names the setting, for an invocation that failed like one without network; else None.

    `network`: the function's setting. `error_message` and `log`: what the invocation answered and printed.
    """
    if outcome not in (Outcome.FUNCTION_ERROR, Outcome.INIT_ERROR, Outcome.EXITED) or network not in _HINTS:
        return None
    if not _LACK.search(error_message) and not _LACK.search(log.decode("utf-8", "replace")):
        return None
    return f"lambdaplay: {_HINTS[network]}, {_WHERE}\n".encode()
