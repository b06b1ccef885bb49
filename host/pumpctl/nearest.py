"""The nearest of the names that there are, for whoever mistyped one."""

from collections.abc import Iterable


def nearest(name: str, names: Iterable[str], most: int = 1) -> list[str]:
    """Names that are spelt alike, else those that begin alike; at most so many."""
    import difflib  # takes its time, and is for mistakes only

    known = list(names)
    alike = difflib.get_close_matches(name, known, n=most, cutoff=0.5)
    return alike or [one for one in known if name and (one.startswith(name) or name.startswith(one))][:most]


def hint(name: str, names: Iterable[str]) -> str:
    """`; did you mean ward1?`, empty where nothing is near."""
    near = nearest(name, names)
    return f"; did you mean {near[0]}?" if near else ""
