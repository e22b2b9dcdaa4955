"""What a long history costs: the same asked of two houses, one with a thousand finished events, one with a million."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from http.cookiejar import CookieJar
from statistics import median
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

from bench.calling import invoke_path
from bench.goals import Figure, Result
from bench.history import multiply
from bench.rounds import interleaved, medians, ratio
from bench.rows.events import Delivered, paced
from bench.workshop import Workshop, create
from tests.house import House, free_port

HISTORY = Figure("history", "10^6 finished events against 10^3: 202, start, waiting room; the worst", "x", 1.5, 1.1)
FIGURES = [HISTORY]

FEW, MANY = 1_000, 1_000_000
_WAITING = 100
_STARTS = 15
_PAGES = 5


def measure(shop: Workshop) -> Iterator[Result]:
    with ExitStack() as exits:
        few, many = (Aged(shop, exits, events) for events in (FEW, MANY))
        sides = {
            # First: each start is read from the queue, where `accept` leaves records of its own.
            "start": lambda aged: 1000 * aged.delivered.starts(_STARTS),
            "accept": lambda aged: paced(aged.house.port, invoke_path("aged"), shop.seconds, "Event"),
            "page": lambda aged: aged.waiting_room(),
        }
        ratios: dict[str, float] = {}
        middle: dict[str, float] = {}
        for name, ask in sides.items():
            values = interleaved(
                {f"{name}_10^6_ms": partial(ask, many), f"{name}_10^3_ms": partial(ask, few)}, shop.rounds
            )
            ratios[name] = ratio(values, f"{name}_10^6_ms", f"{name}_10^3_ms")
            middle |= medians(values)
        worst = max(ratios, key=lambda name: ratios[name])
        yield Result(HISTORY, ratios[worst], shop.rounds, middle, f"worst: {worst}")


class Aged:
    """A house with so many finished events, and some that wait on a clock that stands still."""

    def __init__(self, shop: Workshop, exits: ExitStack, events: int) -> None:
        self.house = House(shop.scratch / f"aged-{events}", free_port(), {"LAMBDAPLAY_CLOCK": "frozen"})
        exits.callback(self.house.stop)
        self.house.start()
        self.delivered = Delivered(self.house, "aged", "stamp")
        self.delivered.starts(1)
        self.house.stop()
        multiply(self.house.home / "db.sqlite3", events)
        self.house.start()
        self._wait_for_some()
        self._browser = self._logged_in()
        self.delivered.starts(3)

    def waiting_room(self) -> float:
        """Milliseconds for the page, the median of a few."""
        found = []
        for _ in range(_PAGES):
            began = time.perf_counter()
            self._read("/admin/waiting/")
            found.append(time.perf_counter() - began)
        return 1000 * median(found)

    def _wait_for_some(self) -> None:
        create(self.house, "failing", "failing")
        client = self.house.client("lambda")
        for _ in range(_WAITING):
            client.invoke(FunctionName="failing", InvocationType="Event")

    def _logged_in(self) -> OpenerDirector:
        self._browser = build_opener(HTTPCookieProcessor(CookieJar()))
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self._read("/admin/login/"))
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1], "username": "admin", "password": self.house.admin_password}
        self._read("/admin/login/?next=/admin/waiting/", urlencode(form).encode())
        return self._browser

    def _read(self, path: str, form: bytes | None = None) -> str:
        with self._browser.open(self.house.url + path, form, timeout=60) as answer:
            return str(answer.read().decode())
