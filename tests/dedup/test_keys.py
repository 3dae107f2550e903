"""Keyed names: of many at once they are those of each."""

from hypothesis import given
from hypothesis import strategies as st

from dedup import keys


@given(
    st.binary(min_size=1, max_size=64), st.lists(st.tuples(st.text(), st.text(st.characters())), max_size=4)
)
def test_the_keys_of_many_are_those_of_each(key: bytes, messages: list[tuple[str, str]]) -> None:
    assert keys.message_keys(key, messages) == [keys.message_key(key, *one) for one in messages]
