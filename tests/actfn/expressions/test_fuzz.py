"""The parser reads anything: an expression or an ExpressionError.

Code in the text would end the test by SystemExit.
"""

import random
import time

import actfn

_PIECES = (
    "x", "beta", "beta1", "1", "0.5", "1e309", "1e308", "9" * 400, "+", "-",
    "*", "**", "** 1e300", "__import__('sys').exit()", "exit()",
    "/", "(", ")", ",", " ", "sin", "max(", "sigmoid(", "x)", "gate", "rbf(",
    "erf(x)", "2 ** ", "lambda x: x", "x.y", "eval(",
    "\x00", "é", "\n", "#", "'", '"', "[", "]", "{0}", "@", ";", "beta-1",
    "1_000", "0x10", "1j", "nan", "inf", "True", "**" * 3, "-" * 90, "(" * 90,
    "mish(", "swish(", "relu(x)", "x > 0", " if ", " else ", "where(", "|",
    "²", "\N{GREEK SMALL LETTER SIGMA}(", "β", "2x", "^", "np.", "tf.nn.",
    "os.", r"\sigma", r"\frac{", "}{", "}", "alpha", "scalar(", "clip(",
    "Piecewise((", "<=", "=", "c2", "pi", "mish(" * 70, "|" * 70, "max(" * 70,
    "x ** " * 70, "e", "1e", ".", "..", "5.", ".5", "%", "//",
)  # fmt: skip


def _texts():
    rng = random.Random(17)
    seeds = [actfn.catalog.entry(n).expression for n in actfn.catalog.names()]
    for index in range(10_000):
        if index % 10 == 1:
            length = rng.randint(0, 40)
            yield "".join(chr(rng.randrange(0x250)) for _ in range(length))
            continue
        if index % 2:
            yield "".join(rng.choices(_PIECES, k=rng.randint(0, 14)))
            continue
        text = list(rng.choice(seeds))
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            place = rng.randrange(len(text) + 1)
            if rng.random() < 0.4:
                del text[place : place + rng.randint(1, 4)]
            else:
                text.insert(place, rng.choice(_PIECES))
        yield "".join(text)
    yield "(" * 100_000
    yield "x" + " ** 9" * 100_000
    yield "9 ** 9 ** 9 ** 9"
    yield "x ** 1e308 ** 1e308"
    yield f"x ** {'9' * 300}"
    yield f"beta{'9' * 100_000}"
    yield "x" + "+x" * 100_000
    yield "mish(" * 59 + "x" + ")" * 59
    yield "|" * 100_000
    yield "max(" * 59 + "x" + ", x)" * 59


def test_ten_thousand_strings():
    parsed = refused = 0
    slowest = 0.0
    for text in _texts():
        start = time.perf_counter()
        try:
            expression = actfn.parse(text)
        except actfn.ExpressionError as error:
            refused += 1
            assert len(str(error)) < 2000
        else:
            parsed += 1
            assert actfn.parse(str(expression)) == expression
            assert expression.latex()
            hash(expression)
        slowest = max(slowest, time.perf_counter() - start)
    assert parsed > 300
    assert refused > 4000
    assert slowest < 2
