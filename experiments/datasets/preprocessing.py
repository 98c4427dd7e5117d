"""Standardisation and the usual augmentation of CIFAR."""

import numpy as np
import tensorflow as tf


def channel_statistics(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and standard deviation of each channel.

    Computed exactly, from a histogram: no copy of the set in floating point.

    Args:
        images: uint8, shape `(images, height, width, channels)`; the training
            split, so that nothing is learned from the others.

    Returns:
        Two float32 arrays of shape `(channels,)`. A channel that is constant
        gets a deviation of 1, so that it can be divided by.

    Raises:
        ValueError: If the images are not uint8 of rank 4, or there are none.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or not images.size:
        raise ValueError(
            "images should be a non-empty uint8 array of shape (images, "
            "height, width, channels). "
            f"Received: {images.dtype} of shape {images.shape}"
        )
    counts = np.stack(
        [
            np.bincount(images[..., channel].ravel(), minlength=256)
            for channel in range(images.shape[-1])
        ]
    )
    shares = counts / counts.sum(axis=1, keepdims=True)
    values = np.arange(256)
    mean = shares @ values
    variance = np.sum(shares * (values - mean[:, np.newaxis]) ** 2, axis=1)
    deviation = np.where(variance > 0, np.sqrt(variance), 1.0)
    return mean.astype(np.float32), deviation.astype(np.float32)


def standardise(
    images: np.ndarray | tf.Tensor, mean: np.ndarray, deviation: np.ndarray
) -> np.ndarray | tf.Tensor:
    """Returns `(images - mean) / deviation` in float32.

    Args:
        images: Array or tensor of shape `(images, height, width, channels)`.
        mean: Shape `(channels,)`, from `channel_statistics`.
        deviation: Shape `(channels,)`, from `channel_statistics`.
    """
    if isinstance(images, tf.Tensor):
        images = tf.cast(images, tf.float32)
    else:
        images = images.astype(np.float32)
    return (images - mean) / deviation


def augment(
    images: tf.Tensor,
    seed: tf.Tensor,
    padding: int = 4,
    flip: bool = True,
    mode: str = "constant",
) -> tf.Tensor:
    """Shifts each image at random and mirrors every other one.

    Pads all sides, crops at random to the original size and
    flips left to right with probability 1/2, each image on its own: the
    augmentation of He et al., arXiv:1512.03385, section 4.2. Zeros are the
    mean colour if the images are standardised first. A pure function of its
    arguments, so that a resumed run repeats it; usable in a `tf.function`.

    Args:
        images: Shape `(batch, height, width, channels)`, any type.
        seed: Two integers, shape `(2,)`; change them at each step.
        padding: Pixels to pad, thus the largest shift.
        flip: Whether to mirror.
        mode: "constant" to pad with zeros, "reflect" to mirror the edge.

    Returns:
        Shape and type of `images`.
    """
    batch, height, width = tf.unstack(tf.shape(images)[:3])
    row_seed, column_seed, flip_seed = tf.unstack(
        tf.random.split(seed, 3), num=3
    )

    def window(size: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        start = tf.random.stateless_uniform(
            (batch, 1), seed, 0, 2 * padding + 1, tf.int32
        )
        return start + tf.range(size)

    rows = window(height, row_seed)
    columns = window(width, column_seed)
    if flip:
        mirrored = tf.random.stateless_uniform((batch, 1), flip_seed) < 0.5
        columns = tf.where(mirrored, columns[:, ::-1], columns)
    sides = [padding, padding]
    padded = tf.pad(images, [[0, 0], sides, sides, [0, 0]], mode)
    cropped = tf.gather(padded, rows, axis=1, batch_dims=1)
    cropped = tf.gather(cropped, columns, axis=2, batch_dims=1)
    return tf.ensure_shape(cropped, images.shape)


def shrink(images: tf.Tensor, size: int) -> tf.Tensor:
    """Returns the means of square blocks of pixels.

    Args:
        images: Shape `(batch, height, width, channels)`, height as width.
        size: New height and width; must divide the old ones.

    Returns:
        Shape `(batch, size, size, channels)`.
    """
    block = images.shape[1] // size
    if block == 1:
        return images
    return tf.nn.avg_pool2d(images, block, block, "VALID")
