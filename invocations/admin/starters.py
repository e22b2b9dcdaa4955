"""The code that a new function begins with, by kind of runtime."""

from __future__ import annotations

STARTERS: dict[str, dict[str, str]] = {
    "python": {
        "handler": "app.handler",
        "source": "def handler(event, context):\n"
        '    name = event.get("name", "world")\n'
        '    print(f"Greeting {name}, {context.get_remaining_time_in_millis()} ms left")\n'
        '    return {"greeting": f"Hello, {name}!"}\n',
    },
    "nodejs": {
        "handler": "index.handler",
        "source": "export const handler = async (event, context) => {\n"
        '    const name = event.name ?? "world";\n'
        "    console.log(`Greeting ${name}, ${context.getRemainingTimeInMillis()} ms left`);\n"
        "    return { greeting: `Hello, ${name}!` };\n"
        "};\n",
    },
    "provided": {
        "handler": "function.handler",
        "source": "#!/bin/sh\n"
        "# A runtime of one's own: ask for the next event, answer it, again.\n"
        'api="http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation"\n'
        "while true; do\n"
        '    headers="$(mktemp)"\n'
        '    event="$(curl -sS -D "$headers" "$api/next")"\n'
        '    id="$(sed -n \'s/^lambda-runtime-aws-request-id: *\\([^\\r]*\\).*/\\1/Ip\' "$headers")"\n'
        '    echo "event $id" >&2\n'
        '    curl -sS -o /dev/null "$api/$id/response" -d "{\\"echo\\": $event}"\n'
        "done\n",
    },
}
