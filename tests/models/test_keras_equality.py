"""Ours against keras.applications, weights copied over."""

import keras
import pytest
from keras import layers

import models
from tests.stirring import difference, images, stir

CASES = [
    ("mobilenet", "MobileNet", 64, lambda: layers.ReLU(6.0)),
    *(
        pytest.param(*row, layers.ReLU, marks=pytest.mark.slow)
        for row in (
            ("nasnet_a_mobile", "NASNetMobile", 64),
            ("inception_v3", "InceptionV3", 75),
            ("inception_resnet_v2", "InceptionResNetV2", 75),
        )
    ),
]


@pytest.mark.parametrize("name,reference,side,activation", CASES)
def test_logits_equal_keras_applications(name, reference, side, activation):
    x = images(4, side)
    reference = getattr(keras.applications, reference)(
        weights=None,
        input_shape=x.shape[1:],
        classes=11,
        classifier_activation=None,
    )
    stir(reference, x)
    options = {
        "input_shape": x.shape[1:],
        "classes": 11,
        "batch_norm_scale": False,
    }
    ours = models.build(name, activation=activation, **options)
    ours.set_weights(reference.get_weights())
    logits = reference(x)
    assert difference(logits, ours(x)) < 1e-4
    # One changed activation among all of them is noticed.
    kinds = [activation] * ours.activation_sites
    kinds[len(kinds) // 2] = lambda: layers.LeakyReLU(0.1)
    changed = models.build(name, activation=lambda: kinds.pop(0)(), **options)
    changed.set_weights(reference.get_weights())
    assert difference(logits, changed(x)) > 1e-3
