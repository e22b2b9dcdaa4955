"""The arithmetic of product time: what a steered clock shows, and how a change of steering keeps it from going back.

Product time is a line through (anchor_real, anchor_product) with the slope that the mode names. A change moves the
anchor to the present, so that nothing jumps back; `advanced` adds up what was advanced by hand, so that a return to
real time keeps it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

REAL, SCALED, FROZEN = MODES = ("real", "scaled", "frozen")

# How late another process may learn of a change, seconds of real time. Until then it goes on at the old slope, so a
# change that slows the clock starts where the latest of them may already be.
FOLLOW_SECONDS = 0.3

# Ours. Faster or further, and product time leaves the calendar while somebody watches.
FACTOR_MAX = 100_000.0
FACTOR_DEFAULT = 60.0
ADVANCE_MAX_SECONDS = 100 * 366 * 86_400.0
HORIZON = datetime(9000, 1, 1, tzinfo=UTC)

_ERA = 9_000 * 366 * 86_400.0  # seconds; more than the calendar has, less than a timedelta holds


class BadSteering(ValueError):
    """The clock cannot be steered like that; the text is a sentence for people."""


@dataclass(frozen=True)
class Steering:
    """How product time runs. `factor` counts while scaled and is remembered otherwise; `advanced` in seconds."""

    mode: str
    factor: float
    anchor_real: datetime
    anchor_product: datetime
    advanced: float = 0.0
    revision: int = 0

    @property
    def slope(self) -> float:
        """Product seconds in a real second."""
        return {REAL: 1.0, SCALED: self.factor, FROZEN: 0.0}[self.mode]

    @property
    def is_plain(self) -> bool:
        """Whether product time is real time."""
        return self.mode == REAL and self.anchor_real == self.anchor_product

    def at(self, real: datetime) -> datetime:
        """Product time at a moment of real time. Before the anchor (a wall clock was set back) scaled time stands."""
        if self.mode == FROZEN:
            return self.anchor_product
        if self.mode == REAL:
            return min(real + (self.anchor_product - self.anchor_real), HORIZON)
        elapsed = max((real - self.anchor_real).total_seconds(), 0.0) * self.factor
        return self.anchor_product + min(timedelta(seconds=min(elapsed, _ERA)), HORIZON - self.anchor_product)

    def real_wait(self, until: datetime, real: datetime) -> float | None:
        """Real seconds until product time reaches `until`; 0 when it has, None when it never will (frozen)."""
        missing = (until - self.at(real)).total_seconds()
        if missing <= 0:
            return 0.0
        return missing / self.slope if self.slope else None


def unsteered(real: datetime) -> Steering:
    """Product time is real time."""
    return Steering(REAL, FACTOR_DEFAULT, real, real)


def initial(setting: str, real: datetime) -> Steering:
    """What LAMBDAPLAY_CLOCK asks for: `real`, `frozen`, or `x` and a factor. Raises BadSteering."""
    start = unsteered(real)
    if setting in (REAL, FROZEN):
        return replace(start, mode=setting)
    if not setting.startswith("x"):
        raise BadSteering(f"{setting!r} is no clock: it is real, frozen or, for sixty times as fast, x60.")
    try:
        factor = float(setting[1:])
    except ValueError:
        raise BadSteering(f"{setting!r} is no clock: after x comes a number, for example x60.") from None
    return replace(start, mode=SCALED, factor=checked_factor(factor))


def steer(before: Steering, real: datetime, mode: str | None, factor: float | None, advance: float) -> Steering:
    """The steering after a change at `real`: mode and factor (None: as before), then the advance in seconds.

    Time never runs backwards, and only an advance (or a return to a real time that is ahead) makes it jump.
    Raises BadSteering.
    """
    after = replace(
        before,
        mode=before.mode if mode is None else checked_mode(mode),
        factor=before.factor if factor is None else checked_factor(factor),
        advanced=before.advanced + checked_advance(advance),
        revision=before.revision + 1,
    )
    reached = _reached(before, after, real) + timedelta(seconds=advance)
    if after.mode == REAL:
        # Where real time stands with all advances, unless scaled time has gone further: then it keeps its lead.
        reached = max(reached, real + timedelta(seconds=after.advanced))
    if reached >= HORIZON:
        raise BadSteering(f"The clock ends at {HORIZON:%Y-%m-%d}; that would go past it.")
    if after.mode == SCALED and after.slope == before.slope:
        # The same line, moved: a new anchor on it would be a microsecond off here and there.
        return replace(after, anchor_product=before.anchor_product + timedelta(seconds=advance))
    return replace(after, anchor_real=real, anchor_product=reached)


def _reached(before: Steering, after: Steering, real: datetime) -> datetime:
    """The latest product time that any process may have shown by now or show before it follows the change."""
    slower = after.slope < before.slope
    return before.at(real + timedelta(seconds=FOLLOW_SECONDS)) if slower else before.at(real)


def checked_mode(mode: object) -> str:
    if not isinstance(mode, str) or mode not in MODES:
        raise BadSteering(f"mode is {_shown(mode)}; it is one of {', '.join(MODES)}.")
    return mode


def checked_factor(factor: object) -> float:
    value = _number("factor", factor)
    if not 0 < value <= FACTOR_MAX:
        raise BadSteering(f"factor is {_shown(factor)}; it is more than 0 and at most {FACTOR_MAX:,.0f}.")
    return value


def checked_advance(seconds: object) -> float:
    value = _number("advance_seconds", seconds)
    if value < 0:
        raise BadSteering(f"advance_seconds is {_shown(seconds)}; time never runs backwards, so it is 0 or more.")
    if value > ADVANCE_MAX_SECONDS:
        raise BadSteering(f"advance_seconds is {_shown(seconds)}; it is at most {ADVANCE_MAX_SECONDS:.0f} (100 years).")
    return value


def _number(name: str, value: object) -> float:
    """JSON's true is no number, and NaN orders with nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise BadSteering(f"{name} is {_shown(value)}; it is a number.")
    return float(value)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


_SPAN = re.compile(r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?", re.ASCII)
_UNITS = (86_400, 3_600, 60, 1)


def span_seconds(text: str) -> float:
    """Seconds of a span as people write it: 90, 90s, 1h30m, 2d, 1.5h. Raises BadSteering."""
    compact = text.replace(" ", "").lower()
    found = _SPAN.fullmatch(compact)
    if not compact or found is None or len(compact) > 40:
        raise BadSteering(f"{_shown(text)} is no span of time: write seconds (90) or units (1h30m, 2d, 45s).")
    return sum(float(number) * unit for number, unit in zip(found.groups(), _UNITS, strict=True) if number)
