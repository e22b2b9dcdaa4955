"""What a stream's poller finds behind its checkpoint: the records of its slot that pass the filters, as far as one
batch goes. Reading moves nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from invocations import limits
from invocations.decisions import record_filters, tumbling
from invocations.decisions.mapping_options import compile_patterns
from invocations.decisions.record_filters import Filter
from invocations.decisions.tumbling import Window
from invocations.flows.steps import Turn
from invocations.sources import SourceBusy, StreamSource
from invocations.sources.base import Page, Read

_PAGE = 10_000  # records asked for at most in one go
_PAGES = 20  # of one look: a slot, or a filter, may pass over many records
MORE_BYTES = 64 * 1024  # kept free in an event for what stands beside its records


@dataclass
class Found:
    """`position` is how far was read: all up to there is in `entries` or `refused`, or of other slots."""

    position: str
    entries: list[Read] = field(default_factory=list)
    refused: list[tuple[Read, str]] = field(default_factory=list)
    full: bool = False  # the batch is complete
    window: Window | None = None  # the tumbling window that the entries belong to
    window_over: bool = False  # a record of a later window follows
    ended: bool = False  # the shard has nothing more, and never will
    behind_ms: int = 0
    skipped: int = 0


def gather(turn: Turn, source: StreamSource, upto: str, window: Window | None) -> Found:
    """Look behind the checkpoint; `upto` "": as far as a fresh batch goes. Raises SourceTrouble."""
    mapping, poller = turn.mapping, turn.poller
    filters = compile_patterns(mapping.source, mapping.filters)
    found = Found(poller.checkpoint, window=window)
    room = limits.SYNC_REQUEST_BYTES - sum(map(len, source.envelope(mapping.place, poller.shard)))
    if window is not None:
        room -= MORE_BYTES + min(len(str(window.state)), tumbling.STATE_BYTES)
    most = min(mapping.batch_size * poller.slots, _PAGE)
    for _ in range(_PAGES):
        try:
            page = source.read(mapping.place, poller.shard, found.position, most, turn.identity)
        except SourceBusy:
            if found.position == poller.checkpoint:
                raise
            return found  # with what was read before patience was asked for
        found.skipped += page.skipped
        if not _take(turn, page, found, filters, upto, room):
            return found
        found.position, found.ended, found.behind_ms = page.position, page.ended, page.behind_ms
        if not page.more or not page.records:
            return found
    return found


def _take(turn: Turn, page: Page, found: Found, filters: tuple[Filter, ...], upto: str, room: int) -> bool:
    """Go through a page; False when the batch ends inside it."""
    mapping, poller = turn.mapping, turn.poller
    used = sum(len(entry.text) + 1 for entry in found.entries)
    for read in page.records:
        if upto and int(read.id) > int(upto):
            found.position = upto
            return False
        if _is_mine(read.key, poller.slot, poller.slots):
            why = record_filters.refusal(filters, read.view()) if filters else ""
            if why:
                found.refused.append((read, why))
            elif not _fits(found, read, used, room, mapping.tumbling_window_seconds):
                return False
            else:
                found.entries.append(read)
                used += len(read.text) + 1
        found.position = read.id
        if len(found.entries) >= mapping.batch_size and not upto:
            found.full = True
            return False
    return True


def _fits(found: Found, read: Read, used: int, room: int, window_seconds: int) -> bool:
    if window_seconds:
        if found.window is None:
            found.window = tumbling.opened(read.arrived, window_seconds)
        elif not found.window.holds(read.arrived):
            found.window_over = True
            return False
    if found.entries and used + len(read.text) > room:
        found.full = True
        return False
    return True


def _is_mine(key: str, slot: int, slots: int) -> bool:
    """Whether records of this key are the slot's: all of a key go to one slot."""
    if slots == 1:
        return True
    digest = hashlib.md5(key.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big") % slots == slot
