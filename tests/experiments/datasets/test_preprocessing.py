import numpy as np
import pytest
import tensorflow as tf

from experiments import datasets


def tiny_images(count):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 6, 5, 3), dtype=np.uint8)


def test_channel_statistics_agree_with_numpy():
    images = tiny_images(50)
    images[..., 2] = 7
    mean, deviation = datasets.channel_statistics(images)
    floats = images.astype(np.float64)
    np.testing.assert_allclose(mean, floats.mean(axis=(0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(
        deviation[:2], floats.std(axis=(0, 1, 2))[:2], rtol=1e-6
    )
    assert deviation[2] == 1
    standard = datasets.standardise(images, mean, deviation)
    assert standard.dtype == np.float32
    np.testing.assert_allclose(standard.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    tensor = datasets.standardise(tf.constant(images), mean, deviation)
    np.testing.assert_allclose(tensor, standard, rtol=1e-6)


@pytest.mark.parametrize(
    "images", [np.zeros((2, 3, 3)), np.zeros((0, 3, 3, 1), np.uint8)]
)
def test_channel_statistics_refuse(images):
    with pytest.raises(ValueError, match="Received: "):
        datasets.channel_statistics(images)


def all_windows(image, padding):
    """Every crop and its mirror image, by plain slicing."""
    height, width, _ = image.shape
    padded = np.pad(image, [(padding,) * 2, (padding,) * 2, (0, 0)])
    for top in range(2 * padding + 1):
        for left in range(2 * padding + 1):
            crop = padded[top : top + height, left : left + width]
            yield crop.tobytes()
            yield crop[:, ::-1].tobytes()


def test_augment_draws_every_window_equally():
    image = tiny_images(1)[0]
    copies = 18 * 200
    run = tf.function(lambda x, seed: datasets.augment(x, seed, padding=1))
    result = run(np.repeat(image[np.newaxis], copies, axis=0), (1, 2)).numpy()
    assert result.shape == (copies, 6, 5, 3)
    windows = list(all_windows(image, 1))
    counts = dict.fromkeys(windows, 0)
    for crop in result:
        counts[crop.tobytes()] += 1
    assert len(counts) == 18
    chi_square = sum((n - 200) ** 2 / 200 for n in counts.values())
    assert chi_square < 40.8  # 17 degrees of freedom, p = 0.001


def test_augment_without_flip_or_padding():
    images = tiny_images(9)
    same = datasets.augment(images, (0, 0), padding=0, flip=False)
    np.testing.assert_array_equal(same, images)
    first = datasets.augment(images, (0, 1))
    np.testing.assert_array_equal(first, datasets.augment(images, (0, 1)))
    assert not np.array_equal(first, datasets.augment(images, (0, 2)))


def test_shrink_averages_blocks():
    images = tiny_images(2)[:, :, :4].astype(np.float32)
    images = images[:, :4]
    small = datasets.shrink(tf.constant(images), 2).numpy()
    assert small.shape == (2, 2, 2, 3)
    for row, column in np.ndindex(2, 2):
        block = images[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        np.testing.assert_allclose(
            small[:, row, column], block.mean(axis=(1, 2)), rtol=1e-6
        )
    np.testing.assert_array_equal(datasets.shrink(images, 4), images)
