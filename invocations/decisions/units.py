"""Numbers as people read them."""

from __future__ import annotations

from datetime import timedelta

_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def milliseconds_text(milliseconds: float) -> str:
    """0.42 ms, 8.1 ms, 312 ms, 2.41 s, 3 min 5 s."""
    if milliseconds < 1:
        return f"{milliseconds:.2f} ms"
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.2f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


def bytes_text(count: int) -> str:
    """17 bytes, 4.2 KB, 1.0 MB (powers of 1024, as AWS's limits are)."""
    if count < 1024:
        return "1 byte" if count == 1 else f"{count} bytes"
    if count < 1024 * 1024:
        return f"{count / 1024:.1f} KB"
    return f"{count / 1024 / 1024:.1f} MB"


def span_text(span: timedelta) -> str:
    """The largest unit alone: 3 s, 5 min, 2 h, 9 d. `span` is not negative."""
    seconds = int(span.total_seconds())
    for length, unit in _STEPS:
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return "0 s"


def long_span_text(span: timedelta) -> str:
    """Two units: 12 ms, 3.20 s, 1 min 0 s, 1 h 2 min, 2 d 3 h."""
    seconds = span.total_seconds()
    if seconds < 3600:
        return milliseconds_text(seconds * 1000)
    minutes = round(seconds / 60)
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def lead_text(seconds: float) -> str:
    """How far the product clock is ahead of real time; under a tenth of a second it is not."""
    if abs(seconds) < 0.1:
        return "equal to real time"
    days, rest = divmod(abs(seconds), 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    whole = [f"{int(count)} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count]
    return f"{' '.join([*whole, f'{rest:.1f} s'])} {'ahead of' if seconds > 0 else 'behind'} real time"
