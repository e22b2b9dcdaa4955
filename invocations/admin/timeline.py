"""The time line of one invocation. Left to right is time; lanes are places; a solid block is code that ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from invocations.decisions.sentences import OUTCOME_WORDS
from invocations.decisions.units import milliseconds_text
from invocations.models import Attempt, Invocation

WIDE, NARROW = 760, 480  # of the drawing: a whole page, or half of one
LEFT, MARGIN = 70, 44  # before and after the time axis
CLIENT_Y, FUNCTION_Y, TICKS_Y, BLOCK = 20, 68, 104, 26
NARROWEST = 2.0


@dataclass(frozen=True)
class Span:
    """One stretch of time. `kind` is wait, init or run; milliseconds count from the moment the request was accepted."""

    kind: str
    what: str
    start_ms: float
    length_ms: float
    attempt_no: int
    outcome: str = ""

    @property
    def length_text(self) -> str:
        return milliseconds_text(self.length_ms)

    @property
    def start_text(self) -> str:
        return milliseconds_text(self.start_ms)


@dataclass(frozen=True)
class Timeline:
    svg: SafeString
    spans: Sequence[Span]
    total_text: str


def timeline(row: Invocation, attempts: Sequence[Attempt], width: int = WIDE) -> Timeline | None:
    """Draw it `width` units wide; None when nothing ran."""
    if not attempts:
        return None
    last = row.ended_at or attempts[-1].ended_at or attempts[-1].started_at
    spans = _spans(row.accepted_at, last, attempts)
    total = max(_ms(row.accepted_at, last), spans[-1].start_ms + spans[-1].length_ms, 0.01)
    return Timeline(_draw(spans, total, row, width), spans, milliseconds_text(total))


def _ms(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() * 1000


def _spans(accepted: datetime, last: datetime, attempts: Sequence[Attempt]) -> list[Span]:
    spans: list[Span] = []
    reached = 0.0
    for attempt in attempts:
        run = attempt.duration_us / 1000
        init = (attempt.init_us or 0) / 1000
        ended = _ms(accepted, attempt.ended_at) if attempt.ended_at else reached + init + run
        start = max(reached, ended - run - init)
        spans.append(Span("wait", "finding an environment", reached, start - reached, attempt.attempt_no))
        if init:
            spans.append(Span("init", "initialisation (cold start)", start, init, attempt.attempt_no))
        spans.append(Span("run", "handler", start + init, run, attempt.attempt_no, attempt.outcome))
        reached = start + init + run
    rest = _ms(accepted, last) - reached
    if rest > 0:
        spans.append(Span("wait", "recording and answering", reached, rest, attempts[-1].attempt_no))
    return spans


def _draw(spans: Sequence[Span], total: float, row: Invocation, width: int) -> SafeString:
    right = width - MARGIN
    scale = (right - LEFT) / total
    runs = [span for span in spans if span.kind != "wait"]
    first, last = runs[0], runs[-1]
    down = LEFT + first.start_ms * scale
    up = LEFT + (last.start_ms + last.length_ms) * scale
    parts = [
        _lane("client", CLIENT_Y, right),
        _lane("function", FUNCTION_Y, right),
        format_html(
            '<line class="c-tl-client" x1="{}" y1="{}" x2="{}" y2="{}"><title>The caller waited {}</title></line>',
            LEFT, CLIENT_Y, right, CLIENT_Y, milliseconds_text(total),
        ),
        _arrow(down, CLIENT_Y + 2, FUNCTION_Y - BLOCK / 2 - 1, "event"),
        _arrow(max(up, down + 8), FUNCTION_Y - BLOCK / 2, CLIENT_Y + 3, "result"),
        *(_block(span, scale) for span in spans if span.length_ms * scale >= 0.5 or span.kind == "run"),
        _end(row, right),
        _axis(total, right),
    ]  # fmt: skip
    return format_html(
        '<svg class="c-tl" viewBox="0 0 {} 112" role="img" aria-label="Time line: {} in total">{}{}</svg>',
        width, milliseconds_text(total), _PATTERN, mark_safe("".join(parts)),  # noqa: S308 - each part is made by format_html
    )  # fmt: skip


_PATTERN = mark_safe(
    '<defs><pattern id="c-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<line x1="0" y1="0" x2="0" y2="6" class="c-tl-hatch"/></pattern></defs>'
)


def _lane(name: str, y: float, right: float) -> SafeString:
    return format_html(
        '<text class="c-tl-lane" x="0" y="{}">{}</text><line class="c-tl-grid" x1="{}" y1="{}" x2="{}" y2="{}"/>',
        y + 4, name, LEFT, y, right, y,
    )  # fmt: skip


def _arrow(x: float, start: float, end: float, what: str) -> SafeString:
    tip = 5 if end > start else -5
    return format_html(
        '<path class="c-tl-arrow" d="M{0} {1}V{2}M{3} {4}L{0} {2}L{5} {4}"><title>{6}</title></path>',
        round(x, 1), start, end, round(x - 3, 1), end - tip, round(x + 3, 1), what,
    )  # fmt: skip


def _block(span: Span, scale: float) -> SafeString:
    x, width = LEFT + span.start_ms * scale, max(span.length_ms * scale, NARROWEST)
    kind = f"{span.kind} {OUTCOME_WORDS.get(span.outcome, ('', '', ''))[2]}".strip()
    label = ""
    if span.kind != "wait" and width > 70:
        label = format_html(
            '<text class="c-tl-label" x="{}" y="{}">{}</text>',
            round(x + width / 2, 1), FUNCTION_Y + 4, f"{span.attempt_no} · {span.length_text}" if span.kind == "run"
            else f"init {span.length_text}",
        )  # fmt: skip
    return format_html(
        '<a href="#attempt-{}"><rect class="c-tl-{}" x="{}" y="{}" width="{}" height="{}" rx="2">'
        "<title>{}: {}, from {}</title></rect>{}</a>",
        span.attempt_no, kind, round(x, 1), FUNCTION_Y - BLOCK / 2, round(width, 1), BLOCK,
        span.what, span.length_text, span.start_text, label,
    )  # fmt: skip


def _end(row: Invocation, right: float) -> SafeString:
    shape, word, kind = OUTCOME_WORDS.get(row.condition, ("•", row.condition, "off"))
    if shape == "⧖":  # few fonts have it
        return format_html(
            '<path class="c-tl-end {}" transform="translate({} {})" d="M0 0h10v2L6.500 6 10 10v2H0v-2l3.500-4L0 2z">'
            "<title>{}</title></path>",
            kind, right + 8, CLIENT_Y - 6, word,
        )  # fmt: skip
    return format_html(
        '<text class="c-tl-end {}" x="{}" y="{}">{}<title>{}</title></text>', kind, right + 8, CLIENT_Y + 5, shape, word
    )


def _axis(total: float, right: float) -> SafeString:
    ticks = [
        (LEFT + (right - LEFT) * part / 4, milliseconds_text(total * part / 4) if part else "0") for part in range(5)
    ]
    return format_html_join(
        "", '<text class="c-tl-tick" x="{}" y="{}">{}</text>', ((round(x), TICKS_Y, text) for x, text in ticks)
    )
