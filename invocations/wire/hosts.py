"""Which Host headers we answer: ours. Any other may be a web page that made its own name point here."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from django.conf import settings


@lru_cache(1024)
def is_ours(host: str) -> bool:
    """Loopback addresses, localhost and names below it, the bind address and the listed names."""
    name = _name(host)
    if name in ("localhost", settings.LAMBDAPLAY_HOST.lower()) or name.endswith(".localhost"):
        return True
    if name in {listed.lower() for listed in settings.LAMBDAPLAY_EXTRA_HOSTS}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    """The header without its port, brackets or closing dot."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")
