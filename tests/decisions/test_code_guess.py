from __future__ import annotations

import pytest

from invocations.decisions.code_guess import Guess, guess

TUTORIAL = "import json\n\ndef lambda_handler(event, context):\n    return {}\n"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, None),
        ({"notes.txt": "def lambda_handler"}, None),
        ({"app.py": ""}, Guess("python", "app.handler")),
        ({"lambda_function.py": TUTORIAL}, Guess("python", "lambda_function.lambda_handler")),
        ({"lambda_function.py": "def handler(e, c): ..."}, Guess("python", "lambda_function.handler")),
        ({"app.py": "# def lambda_handler(event, context)"}, Guess("python", "app.handler")),
        ({"app.py": "async def lambda_handler(e, c): ..."}, Guess("python", "app.lambda_handler")),
        ({"index.mjs": ""}, Guess("nodejs", "index.handler")),
        ({"index.js": TUTORIAL}, Guess("nodejs", "index.handler")),
        ({"orders.cjs": ""}, Guess("nodejs", "orders.handler")),
        ({"index.js": "", "app.py": ""}, Guess("python", "app.handler")),
        ({"zoo.py": "", "main.py": ""}, Guess("python", "main.handler")),
        ({"bootstrap": "#!/bin/sh", "app.py": ""}, Guess("provided", "bootstrap")),
    ],
)
def test_names_and_text_tell_what_code_is(files: dict[str, str], found: Guess | None) -> None:
    assert guess(files) == found
