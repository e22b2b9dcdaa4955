"""Service models, loaded when first asked for and kept without their documentation."""

from __future__ import annotations

import threading
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from invocations import limits
from invocations.wire.protocol.sqs_query import add_query_names

# What ordinary functions get is narrower than what the model allows (its maxima are for features not offered here).
NARROWER = {
    "lambda": {
        "Timeout": {"max": limits.TIMEOUT_SECONDS_MAX},
        "MemorySize": {"max": limits.MEMORY_MB_MAX},
        "EphemeralStorageSize": {"max": limits.TMP_MB_MAX},
    }
}

_models: dict[str, ServiceModel] = {}
_guard = threading.Lock()


def load(name: str) -> ServiceModel:
    """Return botocore's model of a service (its botocore name, e.g. `lambda`, `sts`)."""
    model = _models.get(name)
    if model is None:
        with _guard:
            model = _models.get(name)
            if model is None:
                model = _models[name] = ServiceModel(_read(name), name)
    return model


def _read(name: str) -> Any:
    raw = _without_prose(Loader(include_default_extras=False).load_service_model(name, "service-2"))
    for shape, bounds in NARROWER.get(name, {}).items():
        raw["shapes"][shape].update(bounds)
    if name == "sqs":
        add_query_names(raw)
    return raw


def _without_prose(node: Any) -> Any:
    """Leave out documentation, most of a model's size (a member *named* documentation is a mapping, and stays)."""
    if isinstance(node, dict):
        return {k: _without_prose(v) for k, v in node.items() if k != "documentation" or isinstance(v, dict)}
    if isinstance(node, list):
        return [_without_prose(item) for item in node]
    return node
