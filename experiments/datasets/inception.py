"""The preprocessing of the Inception recipes.

Sources: Szegedy et al., arXiv:1409.4842, section 6, for the crops;
tensorflow/models, research/slim/preprocessing/inception_preprocessing.py, for
the colours and the evaluation.
"""

import tensorflow as tf

_CENTRE = 0.875
_ASPECT = (3 / 4, 4 / 3)
_BRIGHTNESS = 32 / 255
_HUE = 0.2
_CONTRAST = _SATURATION = (0.5, 1.5)


def training_view(
    image: tf.Tensor,
    seed: tf.Tensor,
    size: int,
    crop_area: float = 0.05,
    colour: bool = True,
) -> tf.Tensor:
    """Returns a random view of an image for training.

    A crop that covers at least `crop_area` of the image with an aspect ratio
    between 3/4 and 4/3, resized; mirrored every other time; brightness,
    saturation, hue and contrast distorted in one of two orders. A pure
    function of its arguments, so that a resumed run repeats it.

    Args:
        image: uint8, shape (height, width, 1 or 3).
        seed: Two integers, shape (2,); change them for each image and epoch.
        size: Side of the result.
        crop_area: Smallest share of the image that is seen, from a tenth on.
        colour: Whether to distort colours.

    Returns:
        float32 from -1 to 1, shape (size, size, 3).
    """
    place, flip, order, *colours = tf.unstack(tf.random.split(seed, 7), num=7)
    begin, extent, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.shape(image),
        tf.zeros((1, 0, 4)),
        place,
        aspect_ratio_range=_ASPECT,
        area_range=(crop_area, 1.0),
        use_image_if_no_bounding_boxes=True,
    )
    crop = tf.slice(image, begin, extent)
    crop.set_shape((None, None, image.shape[-1]))
    image = _resize(_rgb(crop), size)
    image = tf.image.stateless_random_flip_left_right(image, flip)
    if colour:
        image = _distort(image, order, colours)
    return 2 * image - 1


def evaluation_view(image: tf.Tensor, size: int) -> tf.Tensor:
    """Returns the middle 87.5% of each side, resized.

    Args:
        image: uint8, shape (height, width, 1 or 3).
        size: Side of the result.

    Returns:
        float32 from -1 to 1, shape (size, size, 3).
    """
    image = tf.image.central_crop(_rgb(image), _CENTRE)
    return 2 * _resize(image, size) - 1


def _rgb(image: tf.Tensor) -> tf.Tensor:
    return tf.image.grayscale_to_rgb(image) if image.shape[-1] == 1 else image


def _resize(image: tf.Tensor, size: int) -> tf.Tensor:
    """Resizes and brings pixels to [0, 1]."""
    return tf.image.resize(image, (size, size)) / 255


def _distort(
    image: tf.Tensor, order: tf.Tensor, seeds: list[tf.Tensor]
) -> tf.Tensor:
    """Changes colours at random; the order matters, so it is random, too."""
    bright, saturated, hue, contrast = seeds

    def brightness(x: tf.Tensor) -> tf.Tensor:
        return tf.image.stateless_random_brightness(x, _BRIGHTNESS, bright)

    def saturation(x: tf.Tensor) -> tf.Tensor:
        return tf.image.stateless_random_saturation(x, *_SATURATION, saturated)

    def rest(x: tf.Tensor) -> tf.Tensor:
        x = tf.image.stateless_random_hue(x, _HUE, hue)
        return tf.image.stateless_random_contrast(x, *_CONTRAST, contrast)

    image = tf.cond(
        tf.random.stateless_uniform((), order) < 0.5,
        lambda: rest(saturation(brightness(image))),
        lambda: rest(brightness(saturation(image))),
    )
    return tf.clip_by_value(image, 0.0, 1.0)
