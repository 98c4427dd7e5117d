"""What a process that lives on takes over from the search that it serves."""

import cloudpickle
import keras
import pytest

from actfn.search import surroundings


@pytest.mark.parametrize("register", [True, False])
def test_a_corrected_class_takes_the_place_of_the_earlier(register):
    """As in a notebook, where a cell is run again before the next search."""

    def defined(number):
        class Mine(keras.layers.Layer):
            value = number

        return Mine

    key = "Custom>Mine" if register else "Mine"
    known = keras.saving.get_custom_objects()
    settings = surroundings.current()
    try:
        for one in (defined(1), defined(2)):
            objects = settings["custom_objects"] | {key: one}
            surroundings.apply(settings | {"custom_objects": objects})
            surroundings.apply(settings | {"custom_objects": objects})
            assert known[key] is one
            config = keras.saving.serialize_keras_object(one(name="a"))
            assert keras.saving.deserialize_keras_object(config).value == (
                one.value
            )
    finally:
        known.pop(key, None)


def test_what_the_library_registered_stays_as_it_is():
    """Its functions are made at import, and anew by each that is shipped."""
    before = dict(keras.saving.get_custom_objects())
    assert any(key.startswith("actfn>") for key in before)
    surroundings.apply(
        cloudpickle.loads(cloudpickle.dumps(surroundings.current()))
    )
    assert {
        k: v
        for k, v in keras.saving.get_custom_objects().items()
        if k.startswith("actfn>")
    } == {k: v for k, v in before.items() if k.startswith("actfn>")}
