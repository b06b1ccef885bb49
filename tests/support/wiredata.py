"""Hypothesis strategies for everything that the wire package can carry."""

from hypothesis import strategies as st

from infuser.wire import codec, messages, records

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def values_of(fields: tuple) -> st.SearchStrategy[dict]:
    """Values that `fields` can hold, edges included."""
    return st.fixed_dictionaries({name: value_of(kind) for name, kind in codec.fields(fields)})


def value_of(kind) -> st.SearchStrategy:
    """Values of one declared type."""
    if isinstance(kind, tuple):
        return st.lists(values_of(kind), max_size=6)
    if kind == "bool":
        return st.booleans()
    if kind == "text":
        return TEXTS
    if kind == "blob":
        return st.binary(max_size=200)
    return st.integers(*codec.BOUNDS[kind])


def requests() -> st.SearchStrategy[tuple[int, int, dict]]:
    """(command, request id, values) of any request."""
    return _any_message(2)


def replies() -> st.SearchStrategy[tuple[int, int, dict]]:
    """(command, request id, values) of any granted reply."""
    return _any_message(3)


def _any_message(part: int) -> st.SearchStrategy[tuple[int, int, dict]]:
    return st.sampled_from(sorted(messages.MESSAGES)).flatmap(
        lambda command: st.tuples(st.just(command), value_of("u64"), values_of(messages.MESSAGES[command][part]))
    )


def record_contents() -> st.SearchStrategy[tuple[int, int, int, int, dict]]:
    """(kind, boot, time_ms, age_ms, values) of any record."""
    return st.sampled_from(sorted(records.RECORDS)).flatmap(
        lambda kind: st.tuples(
            st.just(kind), value_of("u16"), value_of("u64"), value_of("u64"), values_of(records.RECORDS[kind][1])
        )
    )
