"""The smallest useful function: an event comes in, an answer goes out."""


def handler(event, context):
    name = event.get("name", "world")
    print(f"Greeting {name}")
    return {"greeting": f"Hello, {name}!", "function": context.function_name, "version": context.function_version}
