"""Every full-size model, built once, against published numbers."""

import math

import pytest

import actfn

slow = pytest.mark.slow

# Name, millions as printed, exact trainable parameters of the reference with
# its source, activation sites counted by hand.
FULL = [
    # He et al. 2016a, Table 6; sites are depth - 1.
    ("resnet20", 0.27, None, 19),
    ("resnet32", 0.46, None, 31),
    ("resnet44", 0.66, None, 43),
    ("resnet56", 0.85, None, 55),
    pytest.param("resnet110", 1.7, None, 109, marks=slow),
    # He et al. 2016b, Table 4: three a unit and one at the end.
    ("resnet164", 1.7, None, 3 * 54 + 1),
    # Zagoruyko and Komodakis 2016, Table 5.
    ("wide_resnet_28_10", 36.5, None, 2 * 12 + 1),
    # Huang et al. 2017, Table 2.
    ("densenet_100_12", 7.0, None, 3 * 32 + 2 + 1),
    ("densenet_bc_100_12", 0.8, None, 3 * 32 + 2 + 1),
    # Zoph et al. 2018, Table 1, NASNet-A (6 @ 768).
    pytest.param("nasnet_a_cifar", 3.3, None, None, marks=slow),
    # keras.applications 3.15 with 1,000 classes.
    pytest.param("inception_v3", 23.8, 23_817_352, 94, marks=slow),
    pytest.param("inception_resnet_v2", 55.8, 55_813_192, 243, marks=slow),
    ("mobilenet", 4.2, 4_231_976, 27),
    pytest.param("nasnet_a_mobile", 5.3, 5_289_978, 192, marks=slow),
    # timm 1.0.
    pytest.param("inception_v4", 42.7, 42_679_816, 149, marks=slow),
]


def betas(model):
    """The betas of the activations, not of the batch norms."""
    for layer in model.layers:
        if isinstance(layer, actfn.ActivationFunction):
            (beta,) = layer.trainable_variables
            yield layer, beta


@pytest.mark.parametrize("name,millions,exact,sites", FULL)
def test_parameters_and_betas(swish_model, name, millions, exact, sites):
    model = swish_model(name, batch_norm_scale=exact is None)
    found = 0
    in_betas = 0
    for layer, beta in betas(model):
        assert tuple(beta.shape) == (layer.output.shape[-1],)
        found += 1
        in_betas += beta.shape[0]
    assert found == model.activation_sites
    assert sites is None or found == sites
    parameters = (
        sum(math.prod(v.shape) for v in model.trainable_variables) - in_betas
    )
    digits = len(str(millions).split(".")[1])
    assert round(parameters / 1e6, digits) == millions
    assert exact is None or parameters == exact
