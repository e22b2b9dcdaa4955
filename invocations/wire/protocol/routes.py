"""Method and path to operation, for REST services: a table made once per service from its model."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from botocore.model import OperationModel, ServiceModel

from invocations.wire.canonical import normalise


@dataclass(frozen=True)
class Route:
    """One operation's pattern: literal segments as they are, a parameter's segment as its name in braces."""

    operation: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]  # what the model's own URI demands, e.g. find=LayerVersion

    def match(self, segments: tuple[str, ...], query: dict[str, str]) -> dict[str, str] | None:
        found = {}
        for pattern, given in zip(self.segments, segments, strict=True):
            if pattern[0] == "{":
                found[pattern[1:-1]] = unquote(given)
            elif pattern != given:
                return None
        if any(query.get(name) != value for name, value in self.query):
            return None
        return found


class Routes:
    def __init__(self, model: ServiceModel) -> None:
        self._table: dict[tuple[str, int, str], list[Route]] = {}
        for name in model.operation_names:
            self._add(model.operation_model(name))
        for routes in self._table.values():
            # Literal segments and demanded query parts first: the most specific pattern wins.
            routes.sort(key=lambda route: (-len(route.query), sum(s[0] == "{" for s in route.segments)))

    def _add(self, operation: OperationModel) -> None:
        path, _, query = operation.http["requestUri"].partition("?")
        segments = tuple(segment for segment in path.split("/") if segment)
        route = Route(operation.name, segments, tuple(parse_qsl(query, keep_blank_values=True)))
        key = (operation.http["method"], len(segments), segments[0])
        self._table.setdefault(key, []).append(route)

    def find(self, method: str, path: str, query: str) -> tuple[str, dict[str, str]] | None:
        """Return operation name and decoded path parameters. A trailing slash makes no difference."""
        segments = tuple(segment for segment in normalise(path).split("/") if segment)
        if not segments:
            return None
        routes = self._table.get((method, len(segments), segments[0]))
        if routes is None:
            return None
        given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=1000)) if query else {}
        for route in routes:
            found = route.match(segments, given)
            if found is not None:
                return route.operation, found
        return None

    def knows(self, path: str) -> bool:
        """Whether the path begins like one of this service's, whatever the method."""
        first = normalise(path).split("/")[1]
        return any(key[2] == first for key in self._table)
