"""Where topics, rules, mappings and schedules hand in what they send. The outbox above fills in `post`.

A parcel is accepted with the transaction that caused it: both are committed, or neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from invocations.values import Parcel

Post = Callable[[Iterable[Parcel]], None]

_post: list[Post] = []


def register(post: Post) -> None:
    """Tell lower rooms what takes parcels (apps.py does)."""
    _post[:] = [post]


def post(parcels: Iterable[Parcel]) -> None:
    """Write these parcels into the outbox; to be called inside the transaction that commits what caused them.

    They are sent after the commit, by this process or a worker, and tried again as each of them says.
    """
    _post[0](parcels)
