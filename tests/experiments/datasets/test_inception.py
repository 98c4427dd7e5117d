import numpy as np
import pytest
import tensorflow as tf

from experiments.datasets import inception


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    return tf.constant(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8))


def view(image, *seed, **options):
    return inception.training_view(image, tf.constant(seed), 24, **options)


def test_views_are_random_but_repeatable(image):
    one = view(image, 0, 1)
    assert one.shape == (24, 24, 3) and one.dtype == tf.float32
    assert -1 <= float(tf.reduce_min(one)) <= float(tf.reduce_max(one)) <= 1
    np.testing.assert_array_equal(one, view(image, 0, 1))
    assert np.abs(one - view(image, 0, 2)).max() > 0.1


def test_without_colours_a_view_shows_what_was_there():
    ramp = tf.cast(tf.range(0, 240, 4), tf.uint8)
    image = tf.tile(ramp[None, :, None], (50, 1, 3))
    for seed in range(10):
        rows = view(image, seed, 0, colour=False).numpy()
        # A ramp stays one, rising or mirrored, in each crop.
        steps = np.diff(rows[0, :, 0])
        assert (steps >= -1e-6).all() or (steps <= 1e-6).all()
        np.testing.assert_allclose(rows[0], rows[-1], atol=1e-6)


def test_crops_cover_at_least_their_share():
    flat = tf.range(100 * 100, dtype=tf.int32)
    image = tf.cast(tf.reshape(flat // 100, (100, 100, 1)), tf.uint8)
    for seed in range(10):
        rows = view(image, 0, seed, colour=False, crop_area=0.9).numpy()
        seen = (rows.max() - rows.min()) * 255 / 2
        assert seen > 75


def test_grey_images_get_three_channels():
    image = tf.zeros((28, 28, 1), tf.uint8)
    assert view(image, 0, 0).shape == (24, 24, 3)
    assert inception.evaluation_view(image, 24).shape == (24, 24, 3)


def test_evaluation_sees_the_middle():
    image = np.zeros((64, 64, 3), np.uint8)
    image[4:60, 4:60] = 255
    np.testing.assert_allclose(inception.evaluation_view(image, 32), 1.0)
    image[:] = 0
    np.testing.assert_allclose(inception.evaluation_view(image, 32), -1.0)
