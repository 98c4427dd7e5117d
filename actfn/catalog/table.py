"""The table of published functions: one row a function.

Name, formula, source, year, a line on when to use it, and the first values of
the trainable parameters in the order in which they appear in the formula: 1 if
none are given, ``"normal"`` for draws of the standard normal distribution.
Where no publication was found, the source says where it is in use; what could
not be followed to one is said to be not traced.
"""

from __future__ import annotations

_PAPER = "Ramachandran, Zoph and Le, arXiv:1710.05941"
_KERAS = "Keras"
# Fitted to ReLU: Table 6 of arXiv:1907.06732.
_RATIONAL = (
    0.02996348, 0.61690165, 2.37539147, 3.06608078, 1.52474449, 0.25281987,
    1.19160814, 4.40811795, 0.91111034, 0.34885983,
)  # fmt: skip


def _horner(x: str, *coefficients: str) -> str:
    """Returns the text of a polynomial, of the fewest multiplications."""
    first, second, *rest = coefficients
    if not rest:
        return f"{first} + {x} * {second}"
    return f"{first} + {x} * ({_horner(x, second, *rest)})"


_NUMERATOR = _horner("x", *(f"scalar(a{n})" for n in range(6)))
_DENOMINATOR = _horner(
    "abs(x)", "1", *(f"abs(scalar(b{n}))" for n in range(1, 5))
)
_GELU = "0.5 * x * (1 + erf(0.7071067811865476 * x))"
_ATLU = "(0.3183098861837907 * atan(x) + 0.5)"

# The paper's functions and the baselines it compared them with.
_OF_THE_PAPER = (
    ("relu", "max(x, 0)", "Nair and Hinton, ICML", 2010,
     "a first choice that costs next to nothing"),
    ("relu6", "min(max(x, 0), 6)",
     "Krizhevsky, Convolutional deep belief networks; arXiv:1704.04861", 2010,
     "small models with numbers of 8 bits"),
    ("leaky_relu", "max(x, 0.01 * x)", "Maas et al., ICML", 2013,
     "units of ReLU that die"),
    ("prelu", "max(x, 0) + beta * min(x, 0)", "He et al., arXiv:1502.01852",
     2015, "convolutional networks with data enough to learn slopes", (0.25,)),
    ("softplus", "softplus(x)", "Dugas et al., NIPS", 2001,
     "positive outputs such as variances"),
    ("elu", "max(x, 0) + expm1(min(x, 0))", "Clevert et al., arXiv:1511.07289",
     2015, "networks without batch normalisation"),
    ("selu",
     "1.0507009873554805 * "
     "(max(x, 0) + 1.6732632423543772 * expm1(min(x, 0)))",
     "Klambauer et al., arXiv:1706.02515", 2017,
     "deep dense networks that normalise themselves"),
    ("gelu", _GELU, "Hendrycks and Gimpel, arXiv:1606.08415", 2016,
     "transformers"),
    ("swish", "x * sigmoid(beta * x)", _PAPER, 2017,
     "deep convolutional networks; learns its slope"),
    ("swish_1", "x * sigmoid(x)", f"{_PAPER}; arXiv:1702.03118", 2017,
     "deep convolutional networks, mobile ones too"),
    ("max_sigmoid", "max(x, sigmoid(x))", _PAPER, 2017,
     "a comparison with the paper"),
    ("cos_minus_x", "cos(x) - x", _PAPER, 2017, "a comparison with the paper"),
    ("min_sin", "min(x, sin(x))", _PAPER, 2017, "a comparison with the paper"),
    ("atan_squared_minus_x", "atan(x) ** 2 - x", _PAPER, 2017,
     "a comparison with the paper"),
    ("max_tanh", "max(x, tanh(x))", _PAPER, 2017,
     "a comparison with the paper"),
    ("sinc_plus_x", "sinc(x) + x", _PAPER, 2017,
     "a comparison with the paper"),
    ("x_asinh_squared", "x * asinh(x) ** 2", _PAPER, 2017,
     "a comparison with the paper"),
    ("silu", "x * sigmoid(x)", "Elfwing et al., arXiv:1702.03118", 2017,
     "another name of swish_1"),
)  # fmt: skip

# What Keras has besides, with its constants.
_OF_KERAS = (
    ("linear", "x", _KERAS, 2015, "outputs of a regression"),
    ("tanh", "tanh(x)", "LeCun et al., Efficient BackProp", 1998,
     "recurrent states, small smooth networks"),
    ("sigmoid", "sigmoid(x)", "Rumelhart et al., Nature 323", 1986,
     "gates and probabilities"),
    ("exponential", "exp(x)", _KERAS, 2018, "positive rates"),
    ("softsign", "x * reciprocal(1 + abs(x))", "Bergstra et al.", 2009,
     "a bounded function with long tails"),
    ("celu", "max(x, 0) + expm1(min(x, 0))", "Barron, arXiv:1704.07483", 2017,
     "as ELU, smooth for every alpha"),
    ("hard_sigmoid", "0.16666666666666666 * min(max(x + 3, 0), 6)",
     "Courbariaux et al., arXiv:1511.00363; slope 1/6: arXiv:1905.02244", 2019,
     "gates on small machines"),
    ("hard_swish", "x * (0.16666666666666666 * min(max(x + 3, 0), 6))",
     "Howard et al., arXiv:1905.02244", 2019, "Swish on small machines"),
    ("hard_tanh", "min(max(x, -1), 1)", "Collobert, thesis", 2004,
     "bounded values on small machines"),
    ("hard_shrink", "where(abs(x) > 0.5, x, 0)",
     "Donoho and Johnstone, Biometrika 81", 1994, "sparse codes"),
    ("soft_shrink", "max(x - 0.5, 0) + min(x + 0.5, 0)",
     "Donoho and Johnstone, Biometrika 81", 1994,
     "sparse codes; unrolled ISTA"),
    ("tanh_shrink", "x - tanh(x)", "PyTorch", 2017, "denoising"),
    ("log_sigmoid", "-softplus(-x)", "PyTorch; Keras", 2017,
     "logarithms of probabilities"),
    ("mish", "x * tanh(softplus(x))", "Misra, arXiv:1908.08681", 2019,
     "detectors and deep convolutional networks"),
    ("sparse_plus",
     "where(x < 1, 0.25 * max(x + 1, 0) ** 2, x)", "Keras", 2024,
     "a softplus that is 0 below -1"),
    ("sparse_sigmoid", "0.5 * min(max(x + 1, 0), 2)",
     "Martins and Astudillo, arXiv:1602.02068", 2016, "sparse gates"),
    ("squareplus", "0.5 * (x + sqrt(x ** 2 + 4))",
     "Barron, arXiv:2112.11687", 2021, "softplus without exponentials"),
    ("thresholded_relu", "where(x > 1, x, 0)",
     "Konda et al., arXiv:1402.3337", 2014,
     "sparse codes of autoencoders without biases"),
)  # fmt: skip

# Variants of GELU, Swish and ReLU.
_GATES = (
    ("gelu_tanh",
     "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ** 3)))",
     "Hendrycks and Gimpel, arXiv:1606.08415", 2016,
     "weights of GPT-2, BERT and others trained with it"),
    ("quick_gelu", "x * sigmoid(1.702 * x)",
     "Hendrycks and Gimpel, arXiv:1606.08415", 2016, "weights of CLIP"),
    ("gelu_sine", f"{_GELU} + 0.1 * sin(x)",
     "Vitvitskyi et al., arXiv:2602.05688", 2026,
     "generalisation beyond the training distribution"),
    ("relu_squared", "max(x, 0) ** 2", "So et al., arXiv:2109.08668", 2021,
     "feed-forward layers of language models"),
    ("leaky_relu_squared", "max(x, 0.5 * x) ** 2",
     "in use: openai/parameter-golf, pull request 549; modded-nanogpt, 249",
     2026, "as ReLU squared, without dead units"),
    ("star_relu", "scalar(a) * max(x, 0) ** 2 + scalar(b)",
     "Yu et al., MetaFormer baselines, arXiv:2210.13452", 2022,
     # The paper's constants; the authors' code starts at 1 and 0.
     "MetaFormers; cheaper than GELU",
     (0.8944271909999159, -0.4472135954999579)),
    ("telu", "x * tanh(exp(x))",
     "Liu and Di, TanhExp, arXiv:2003.09855; Fernandez and Mali, "
     "arXiv:2412.20269", 2020,
     "deep networks; near the identity for x > 0"),
    ("golu", "x * exp(-exp(-x))", "Das et al., arXiv:2502.03654", 2025,
     "vision and language models in place of GELU"),
    ("serf", "x * erf(softplus(x))", "Nag et al., arXiv:2108.09598", 2021,
     "as Mish"),
    ("erfact", "x * erf(scalar(a) * exp(scalar(b) * x))",
     "Biswas et al., arXiv:2109.04386", 2021, "as Swish, trainable",
     (0.75, 0.75)),
    ("pserf", "x * erf(scalar(a) * softplus(scalar(b) * x))",
     "Biswas et al., arXiv:2109.04386", 2021, "as Mish, trainable",
     (1.25, 0.85)),
    ("smu",
     "0.5 * (1.25 * x + 0.75 * x * erf(scalar(beta) * 0.75 * x))",
     "Biswas et al., arXiv:2111.04682", 2021,
     "a leaky ReLU that may become smooth", (1e6,)),
    ("smu_1",
     "0.5 * (1.25 * x + sqrt((0.75 * x) ** 2 + scalar(beta) ** 2))",
     "Biswas et al., arXiv:2111.04682", 2021,
     "as SMU, without an error function", (4.352665993287951e-09,)),
    ("acon_c",
     "(alpha - gamma) * x * sigmoid(beta * (alpha - gamma) * x) + gamma * x",
     "Ma et al., arXiv:2009.04759", 2020,
     "channels that learn whether to be active", ("normal", "normal", 1.0)),
    ("e_swish", "1.375 * x * sigmoid(x)",
     "Alcaide, arXiv:1801.07145: factors from 1 to 2; 1.375 not traced",
     2018, "as Swish, steeper"),
    ("elish", "sigmoid(x) * (max(x, 0) + expm1(min(x, 0)))",
     "Basirat and Roth, arXiv:1808.00783", 2018, "as Swish, bounded below"),
    ("hard_elish",
     "0.5 * min(max(x + 1, 0), 2) * (max(x, 0) + expm1(min(x, 0)))",
     "Basirat and Roth, arXiv:1808.00783", 2018, "as ELiSH, cheaper"),
    ("lisht", "x * tanh(x)", "Roy et al., arXiv:1901.05894", 2019,
     "features whose sign does not matter"),
    ("logish", "x * log1p(sigmoid(x))", "Zhu et al., Neurocomputing 458",
     2021, "as Swish, flatter"),
    ("smish", "x * tanh(log1p(sigmoid(x)))",
     "Wang et al., Electronics 11(4)", 2022, "as Mish, flatter"),
    ("dsilu", "sigmoid(x) * (1 + x * (1 - sigmoid(x)))",
     "Elfwing et al., arXiv:1702.03118", 2017, "value functions"),
    ("sinlu",
     "(x + scalar(alpha) * sin(scalar(beta) * x)) * sigmoid(x)",
     "Paul et al., Mathematics 10(3)", 2022, "as Swish, with a periodic part"),
    ("xatlu",
     f"x * ({_ATLU} * (1 + 2 * scalar(alpha)) - scalar(alpha))",
     "Huang, arXiv:2405.20768", 2024,
     "transformers; the gate learns to leave 0..1", (0.0,)),
    ("xielu",
     "softplus(scalar(a)) * max(x, 0) ** 2 + (0.5 + softplus(scalar(b))) * "
     "(expm1(min(x, 0)) - min(x, 0)) + 0.5 * x",
     "Huang and Schlag, arXiv:2411.13010", 2024,
     "feed-forward layers of large language models",
     (0.2033823208110246, -1.0502256128148466)),
)  # fmt: skip

# Others: periodic, bounded, exponential, rational.
_OTHERS = (
    ("snake", "x + sin(a * x) ** 2 * reciprocal(a)",
     "Ziyin et al., arXiv:2006.08195", 2020, "periodic data, audio"),
    ("gcu", "x * cos(x)", "Noel et al., arXiv:2108.12943", 2021,
     "few units; oscillates"),
    ("siren", "sin(30 * x)", "Sitzmann et al., arXiv:2006.09661", 2020,
     "the first layer of implicit representations"),
    ("sine", "sin(x)", "Parascandolo et al., OpenReview", 2016,
     "implicit representations, physics"),
    ("wavelet", "scalar(a) * sin(x) + scalar(b) * cos(x)",
     "Zhao et al., PINNsFormer, arXiv:2307.11833", 2023,
     "networks informed by physics"),
    ("gaussian", "gauss(x)", "Ramasinghe and Lucey, arXiv:2111.15135", 2021,
     "implicit representations"),
    ("dyt", "gamma * tanh(scalar(alpha) * x) + beta",
     "Zhu et al., Dynamic Tanh, arXiv:2503.10622", 2025,
     "in place of layer normalisation", (1.0, 0.5, 0.0)),
    ("derf", "gamma * erf(scalar(alpha) * x + scalar(delta)) + beta",
     "Chen et al., arXiv:2512.10938", 2025,
     "in place of layer normalisation", (1.0, 0.5, 0.0, 0.0)),
    ("rational",
     f"({_NUMERATOR}) * reciprocal({_DENOMINATOR})",
     "Molina et al., PAU, arXiv:1907.06732", 2019,
     "functions that learn their whole shape", _RATIONAL),
    ("isrlu", "max(x, 0) + min(x, 0) * reciprocal(sqrt(1 + min(x, 0) ** 2))",
     "Carlile et al., arXiv:1710.09967", 2017, "as ELU, cheaper"),
    ("isru", "x * reciprocal(sqrt(1 + x ** 2))",
     "Carlile et al., arXiv:1710.09967", 2017, "as tanh, cheaper"),
    ("bent_identity", "0.5 * (sqrt(x ** 2 + 1) - 1) + x",
     "in use: tables of activation functions", 2015,
     "regression with unbounded values"),
    ("arctan", "atan(x)", "Kamruzzaman and Aziz, IJCNN; not traced", 2002,
     "a bounded function with long tails"),
    ("lecun_tanh", "1.7159 * tanh(0.6666666666666666 * x)",
     "LeCun et al., Efficient BackProp", 1998,
     "small networks of standardised inputs"),
    ("penalized_tanh", "max(tanh(x), 0.25 * tanh(x))",
     "Xu et al., arXiv:1602.05980", 2016, "recurrent and language models"),
    ("stan", "tanh(x) * (1 + beta * x)",
     "Gnanasambandam et al., arXiv:2204.12589", 2022,
     "networks informed by physics"),
    ("pelu",
     "scalar(a) * reciprocal(scalar(b)) * max(x, 0) + "
     "scalar(a) * expm1(min(x, 0) * reciprocal(scalar(b)))",
     "Trottier et al., arXiv:1605.09332; first values not traced", 2016,
     "as ELU, trainable"),
    ("nlrelu", "log1p(max(x, 0))", "Liu et al., arXiv:1908.03682", 2019,
     "values of very different sizes"),
    ("symlog", "sign(x) * log1p(abs(x))",
     "Hafner et al., DreamerV3, arXiv:2301.04104", 2023,
     "rewards and inputs of very different sizes"),
    ("shifted_softplus", "softplus(x) - 0.6931471805599453",
     "Schuett et al., SchNet, arXiv:1706.08566", 2017, "models of molecules"),
    ("cloglog", "-expm1(-exp(x))", "Gomes and Ludermir", 2008,
     "probabilities of rare events"),
    ("sech", "sech(x)", "in use: radial networks", 2019,
     "bounded bumps, radial networks"),
)  # fmt: skip

ROWS = (*_OF_THE_PAPER, *_OF_KERAS, *_GATES, *_OTHERS)

_SHAZEER = "Shazeer, GLU variants, arXiv:2002.05202"
GATED_ROWS = (
    ("glu", "x * sigmoid(y)", "Dauphin et al., arXiv:1612.08083", 2016,
     "convolutional language models; halves as in Keras and PyTorch"),
    ("reglu", "relu(x) * y", _SHAZEER, 2020,
     "feed-forward layers of transformers, sparse"),
    ("geglu", "gelu(x) * y", _SHAZEER, 2020,
     "feed-forward layers of transformers"),
    ("swiglu", "swish_1(x) * y", _SHAZEER, 2020,
     "feed-forward layers of large language models"),
    ("bilinear", "x * y", "Mnih and Hinton, ICML; arXiv:2002.05202", 2007,
     "a gate without a nonlinearity"),
    ("maxout", "max(x, y)", "Goodfellow et al., arXiv:1302.4389", 2013,
     "piecewise linear functions of any convex shape"),
)  # fmt: skip
"""Functions of two inputs, the halves of the channels."""
