"""The time line of an event, drawn: client, queue, function and deliveries as lanes, waiting as visible as running.

The axis is true inside a block and broken in long waits, which carry their true length; its times stand below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from invocations.admin.event_spans import Span
from invocations.decisions.event_sentences import Sending, hour
from invocations.decisions.sentences import OUTCOME_WORDS

WIDE = 760
LEFT = 84
CLIENT_Y, QUEUE_Y, FUNCTION_Y, DELIVERY_Y, STEP = 20, 60, 122, 172, 26
BLOCK, WAIT = 28, 22
SHORT_S, LONG_S = 0.05, 1.0
END_ROOM, DELIVERY_ROOM = 150, 300
BLOCK_MIN, BLOCK_MORE, WAIT_WIDTH = 36.0, 54.0, 126.0
TICK_ROOM = 58
REAL_ROOM = 18
HOURGLASS = "M0 0h10v2L6.500 6 10 10v2H0v-2l3.500-4L0 2z"  # few fonts have it
_SENT = {"SENT": ("✓", "ok"), "FAILED": ("✕", "bad"), "PENDING": ("◷", "off")}


@dataclass(frozen=True)
class Placed:
    span: Span
    x: float
    width: float
    broken: bool  # its length is not to scale

    @property
    def end(self) -> float:
        return self.x + self.width


def draw(
    spans: Sequence[Span], end: str, sendings: Sequence[Sending], real: Mapping[datetime, datetime] | None = None
) -> SafeString:
    """Return the SVG; `end` is the event's condition, "" while it has none. `real` is real time by product moment."""
    room = DELIVERY_ROOM if sendings else END_ROOM
    placed = _place(spans, room)
    last = placed[-1].end if placed else LEFT
    width = max(WIDE, round(last + room))
    bottom = DELIVERY_Y + STEP * (len(sendings) - 1) if sendings else FUNCTION_Y
    right = width - 10
    base = bottom + (32 if sendings else 54)
    height = base + (REAL_ROOM if real else 0)
    lanes = [("client", CLIENT_Y), ("queue", QUEUE_Y), ("function", FUNCTION_Y)]
    parts: Iterable[SafeString] = (
        *(_lane(name, y, right) for name, y in lanes),
        *([_lane("deliveries", DELIVERY_Y, right)] if sendings else []),
        _accepted(),
        *_blocks(placed),
        *_arrows(placed),
        *([_end(end, placed)] if end else []),
        *_deliveries(sendings, last),
        *_ticks(placed, base - 8),
        *(_real_ticks(placed, real, base + REAL_ROOM - 10) if real else ()),
    )
    return format_html(
        '<svg class="c-tl c-ev" viewBox="0 0 {} {}" style="min-width:{}px" role="img" '
        'aria-label="Time line of the event; the table below says the same">{}{}</svg>',
        width, height, round(width * 0.85), _DEFS, mark_safe("".join(parts)),  # noqa: S308 - each part is made by format_html
    )  # fmt: skip


def _place(spans: Sequence[Span], room: int) -> list[Placed]:
    seconds = [span.length.total_seconds() for span in spans]
    longest = max((s for s, span in zip(seconds, spans, strict=True) if span.kind != "wait"), default=0.0)
    widths = [_width(span, s, longest) for span, s in zip(spans, seconds, strict=True)]
    spare = WIDE - LEFT - room - 12 - sum(widths)
    longs = [index for index, width in enumerate(widths) if width == WAIT_WIDTH]
    if spare > 0 and longs:
        for index in longs:
            widths[index] += min(spare / len(longs), 130)
    placed, x = [], LEFT + 12.0
    scale = longest / (BLOCK_MIN + BLOCK_MORE)
    for span, s, width in zip(spans, seconds, widths, strict=True):
        broken = span.kind == "wait" and s >= LONG_S and s / width > 3 * scale
        placed.append(Placed(span, round(x, 1), round(width, 1), broken))
        x += width + 2
    return placed


def _width(span: Span, seconds: float, longest: float) -> float:
    if span.kind == "planned":
        return BLOCK_MIN
    if span.kind == "wait":
        return WAIT_WIDTH if seconds >= LONG_S or span.detail else 12.0 if seconds < SHORT_S else 26.0
    return BLOCK_MIN + (BLOCK_MORE * seconds / longest if longest else 0.0)


_DEFS = mark_safe(
    '<defs><pattern id="c-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<line x1="0" y1="0" x2="0" y2="6" class="c-tl-hatch"/></pattern></defs>'
)


def _lane(name: str, y: float, right: float) -> SafeString:
    return format_html(
        '<text class="c-tl-lane" x="0" y="{}">{}</text><path class="c-tl-grid" d="M{} {}H{}"/>',
        y + 4, name, LEFT, y, right,
    )  # fmt: skip


def _accepted() -> SafeString:
    x = LEFT + 12
    return format_html(
        '<circle class="c-ev-dot" cx="{0}" cy="{1}" r="4"><title>Accepted: the sender got 202</title></circle>'
        '<text x="{2}" y="{3}">202 accepted</text>'
        '<path class="c-tl-arrow" d="M{0} {4}V{5}"/>',
        x, CLIENT_Y, x + 9, CLIENT_Y + 4, CLIENT_Y + 4, QUEUE_Y - WAIT / 2,
    )  # fmt: skip


def _blocks(placed: Sequence[Placed]) -> Iterable[SafeString]:
    for one in placed:
        yield _wait(one) if one.span.kind == "wait" else _attempt(one)


def _wait(one: Placed) -> SafeString:
    span, top = one.span, QUEUE_Y - WAIT / 2
    title = f"Waiting: {span.what}, {span.length_text}" + (f", {span.detail}" if span.detail else "")
    words = SafeString("")
    if one.width >= 60:
        middle = round(one.x + one.width / 2, 1)
        second = f"{span.length_text} · {span.detail}" if span.detail else span.length_text
        words = format_html(
            '<text class="c-ev-why" x="{0}" y="{1}">{2}</text><text class="c-ev-more" x="{0}" y="{3}">{4}</text>',
            middle, QUEUE_Y + WAIT / 2 + 13, span.what, QUEUE_Y + WAIT / 2 + 26, second,
        )  # fmt: skip
    gap = _break(one.x + one.width / 2, top) if one.broken else SafeString("")
    return format_html(
        '<g><title>{}</title><rect class="c-tl-wait" x="{}" y="{}" width="{}" height="{}" rx="2"/>{}{}</g>',
        title, one.x, top, one.width, WAIT, gap, words,
    )  # fmt: skip


def _break(x: float, top: float) -> SafeString:
    """Two slanted lines across the block: here time is cut."""
    return format_html(
        '<path class="c-ev-cut" d="M{} {}l-6 {}h8l6 -{}z"/><path class="c-ev-edge" d="M{} {}l-6 {}m8 0l6 -{}"/>',
        round(x - 1, 1), top - 3, WAIT + 6, WAIT + 6, round(x - 1, 1), top - 3, WAIT + 6, WAIT + 6,
    )  # fmt: skip


def _attempt(one: Placed) -> SafeString:
    span, top = one.span, FUNCTION_Y - BLOCK / 2
    shape, word, colour = OUTCOME_WORDS.get(span.outcome, ("•", span.outcome, "off"))
    if span.kind == "planned":
        return format_html(
            '<g><title>Planned: attempt {} at {}</title><rect class="c-ev-planned" x="{}" y="{}" width="{}" height="{}"'
            ' rx="3"/><text class="c-ev-number planned" x="{}" y="{}">{}</text></g>',
            span.number, hour(span.start), one.x, top, one.width, BLOCK,
            round(one.x + one.width / 2, 1), FUNCTION_Y + 4, span.number,
        )  # fmt: skip
    kind = {"run": f"c-tl-run {colour}", "running": "c-ev-running", "uncertain": "c-ev-uncertain"}[span.kind]
    head = SafeString("")
    if span.share:
        head = format_html(
            '<rect class="c-tl-init" x="{}" y="{}" width="{}" height="{}" rx="2"><title>Cold start</title></rect>',
            one.x, top, round(max(one.width * min(span.share, 0.45), 5), 1), BLOCK,
        )  # fmt: skip
    below = "running…" if span.kind == "running" else f"{shape} {span.length_text}"
    title = f"Attempt {span.number}: {word}, {span.length_text} from {hour(span.start)}"
    return format_html(
        '<a href="?attempt={0}#attempt"><title>{1}</title><rect class="{2}" x="{3}" y="{4}" width="{5}" height="{6}" '
        'rx="3"/>{7}<text class="c-ev-number {11}" x="{8}" y="{9}">{0}</text>'
        '<text class="c-ev-more {12}" x="{8}" y="{10}">{13}</text></a>',
        span.number, f"{title}{', ' if span.detail else ''}{span.detail}", kind, one.x, top, one.width, BLOCK, head,
        round(one.x + one.width / 2, 1), FUNCTION_Y + 5, FUNCTION_Y + BLOCK / 2 + 13, span.kind, colour, below,
    )  # fmt: skip


def _arrows(placed: Sequence[Placed]) -> Iterable[SafeString]:
    """From the queue down to each attempt, and back up after one that has to be made again."""
    for before, after in pairwise(placed):
        x = round((before.end + after.x) / 2, 1)
        if before.span.kind == "wait" and after.span.kind != "wait":
            planned = " planned" if after.span.kind == "planned" else ""
            yield _arrow(x, QUEUE_Y, FUNCTION_Y - BLOCK / 2, planned)
        elif before.span.kind != "wait" and after.span.kind == "wait":
            yield _arrow(x, FUNCTION_Y - BLOCK / 2, QUEUE_Y + WAIT / 2, " back")


def _arrow(x: float, start: float, end: float, kind: str = "") -> SafeString:
    tip = 5 if end > start else -5
    return format_html(
        '<path class="c-tl-arrow{}" d="M{} {}V{}m-3 {}l3 {}l3 {}"/>',
        kind, x, round(start, 1), round(end, 1), -tip, tip, -tip,
    )  # fmt: skip


def _end(condition: str, placed: Sequence[Placed]) -> SafeString:
    shape, word, colour = OUTCOME_WORDS.get(condition, ("•", condition, "off"))
    ran = bool(placed) and placed[-1].span.kind != "wait"
    x, y = (placed[-1].end if placed else LEFT + 20) + 10, FUNCTION_Y if ran else QUEUE_Y
    glyph = (
        format_html('<path transform="translate({} {})" d="{}"/>', x, y - 6, HOURGLASS)
        if shape == "⧖"
        else format_html('<text class="c-ev-shape" x="{}" y="{}">{}</text>', x, y + 5, shape)
    )
    return format_html('<g class="c-ev-end {}">{}<text x="{}" y="{}">{}</text></g>', colour, glyph, x + 16, y + 4, word)


def _deliveries(sendings: Sequence[Sending], last: float) -> Iterable[SafeString]:
    x = round(last + 10, 1)
    for index, sending in enumerate(sendings):
        y = DELIVERY_Y + STEP * index
        shape, colour = _SENT.get(sending.state, ("•", "off"))
        state = {"SENT": "sent", "FAILED": "undeliverable", "PENDING": "pending"}.get(sending.state, sending.state)
        if index == 0:
            yield _arrow(x, FUNCTION_Y + BLOCK / 2 + 2, y - 12)
        yield format_html(
            '<g class="c-ev-end {0}"><a href="#deliveries"><rect class="c-ev-sending" x="{1}" y="{2}" width="20" '
            'height="20" rx="3"/><text class="c-ev-shape" x="{3}" y="{4}">{5}</text>'
            '<text x="{6}" y="{7}">{8}: {9}</text><title>{10} to {9}: {8}, {11} tries</title></a></g>',
            colour, x - 10, y - 10, x - 5, y + 5, shape, x + 16, y + 4, state, sending.target, sending.kind,
            sending.tries,
        )  # fmt: skip


def _ticks(placed: Sequence[Placed], y: float) -> Iterable[SafeString]:
    reached = 0.0
    points = [(one.x, one.span.start) for one in placed]
    if placed:
        points.append((placed[-1].end, placed[-1].span.end))
    for x, moment in points:
        if x - reached < TICK_ROOM and reached:
            continue
        reached = x
        yield format_html(
            '<path class="c-ev-tick" d="M{0} {1}v5"/><text class="c-tl-tick" x="{0}" y="{2}">{3}</text>',
            x, y - 17, y, hour(moment),
        )  # fmt: skip


def _real_ticks(placed: Sequence[Placed], real: Mapping[datetime, datetime], y: float) -> Iterable[SafeString]:
    """The second scale: what real time it was, where that is known."""
    yield format_html('<text class="c-tl-lane c-ev-real" x="0" y="{}">real time</text>', y)
    reached = 0.0
    for one in placed:
        for x, moment in ((one.x, one.span.start), (one.end, one.span.end)):
            if moment not in real or (reached and x - reached < TICK_ROOM):
                continue
            reached = x
            yield format_html('<text class="c-tl-tick c-ev-real" x="{}" y="{}">{}</text>', x, y, hour(real[moment]))
