"""Greets: the smallest action of kind python:3."""


def main(args):
    name = args.get("name", "stranger")
    print(f"greeting {name}")
    return {"greeting": f"Hello, {name}!"}
