"""The line by which a plugin reports that a framework's tests used chatkeep's class."""

PREFIX = "uses of chatkeep: "


def line(number):
    return f"{PREFIX}{number}"


def uses(output):
    """Returns the number of uses in the output of the tests."""
    found = [line for line in output.splitlines() if line.startswith(PREFIX)]
    return int(found[-1].removeprefix(PREFIX)) if found else 0
