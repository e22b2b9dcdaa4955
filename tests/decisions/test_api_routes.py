"""Which route a request takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.decisions.api_routes import BadRouteKey, RouteKey, match_http, match_rest, read_key

# AWS's own example of precedence, and a root.
PETS = [
    read_key(text)
    for text in ("$default", "ANY /{proxy+}", "GET /pets/{proxy+}", "GET /pets/dog/{id}", "GET /pets/dog/1", "GET /")
]


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("POST", "/pets/dog/1", "ANY /{proxy+}", {"proxy": "pets/dog/1"}),
        ("GET", "/", "GET /", {}),
        ("POST", "/", "$default", {}),
        ("GET", "/pets/dog/a%2Fb%20c", "GET /pets/dog/{id}", {"id": "a/b c"}),
        ("GET", "/pets/dog/", "GET /pets/{proxy+}", {"proxy": "dog/"}),
        ("GET", "/%70ets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets", "ANY /{proxy+}", {"proxy": "pets"}),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_http_apis_take_the_most_specific(
    method: str, path: str, key: str, parameters: dict[str, str], order: int
) -> None:
    found = match_http(PETS[::order], method, path)
    assert found is not None
    assert (str(found.key), found.parameters) == (key, parameters)


@pytest.mark.parametrize(
    ("keys", "method", "path", "key"),
    [
        (["ANY /a", "GET /a"], "GET", "/a", "GET /a"),
        (["ANY /a", "GET /{x}"], "GET", "/a", "ANY /a"),
        (["POST /a", "GET /{x}"], "GET", "/a", "GET /{x}"),
        (["GET /a"], "POST", "/a", None),
        (["GET /a"], "GET", "/a/", None),
        (["GET /a/"], "GET", "/a/", "GET /a/"),
        (["GET /a/{x+}"], "GET", "/a", None),
        (["GET /a/{x+}"], "GET", "/a/", None),
        (["GET /{x}"], "GET", "/", None),
        (["GET /a/{x}/c", "GET /{y}/b/{z}"], "GET", "/a/b/d", "GET /{y}/b/{z}"),
        ([], "GET", "/", None),
    ],
)
def test_http_apis_in_detail(keys: list[str], method: str, path: str, key: str | None) -> None:
    found = match_http([read_key(one) for one in keys], method, path)
    assert (None if found is None else str(found.key)) == key


@pytest.mark.parametrize(
    ("keys", "method", "path", "key"),
    [
        (["GET /a"], "GET", "/a/", "GET /a"),
        (["GET /a", "ANY /{x+}"], "POST", "/a", None),  # the path is chosen first, and has no such method
        (["GET /a", "ANY /a"], "POST", "/a", "ANY /a"),
        (["ANY /{x+}"], "GET", "/a/b/", "ANY /{x+}"),
        (["GET /"], "GET", "/", "GET /"),
        (["GET /a"], "GET", "/b", None),
    ],
)
def test_rest_apis_choose_the_path_first(keys: list[str], method: str, path: str, key: str | None) -> None:
    found = match_rest([read_key(one) for one in keys], method, path)
    assert (None if found is None else str(found.key)) == key


def test_a_slash_at_the_end_is_not_part_of_a_rest_api_s_parameter() -> None:
    found = match_rest([read_key("ANY /{proxy+}")], "GET", "/a/b/")
    assert found is not None and found.parameters == {"proxy": "a/b"}


@pytest.mark.parametrize(
    "text",
    ["", "GET", "GET pets", "get /pets", "TRACE /", "GET  /", "GET /{a}/{a}", "GET /{a+}/b", "GET /x{a}", "GET /{}"],
)
def test_what_is_no_route_key(text: str) -> None:
    with pytest.raises(BadRouteKey):
        read_key(text)


def test_keys_of_one_shape_take_the_same_requests() -> None:
    assert read_key("GET /a/{b}").shape == read_key("GET /a/{c}").shape != read_key("GET /a/{b+}").shape


KEYS = st.builds(
    lambda method, parts: RouteKey(method, "/" + "/".join(parts)),
    st.sampled_from(["ANY", "GET", "POST"]),
    st.lists(st.sampled_from(["a", "b", "{x}", "{y}"]), max_size=3, unique=True),
)


@given(st.lists(KEYS, max_size=6), st.sampled_from(["GET", "POST"]), st.lists(st.sampled_from("ab"), max_size=3))
def test_no_order_of_routes_matters(keys: list[RouteKey], method: str, parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    keys = list({key.shape: key for key in keys}.values())
    assert match_http(keys, method, path) == match_http(keys[::-1], method, path)
    assert match_rest(keys, method, path) == match_rest(keys[::-1], method, path)
