"""Greets with a package that the server installs from requirements.txt."""
import inflection


def main(args):
    name = inflection.titleize(args.get("name", "stranger"))
    print(f"greeting {name}")
    return {"greeting": f"Hello, {name}!"}
