"""Derivatives times what comes from above, in few passes over memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from actfn.expressions import functions as fn
from actfn.expressions import ops
from actfn.expressions.operators import Operator


class Product(NamedTuple):
    """A factor times a tensor, multiplied only where that must be.

    Attributes:
        scale: The factor: a number, or a tensor made of parameters.
        tensor: The tensor; None stands for 1.
    """

    scale: object
    tensor: object = None

    @property
    def nothing(self) -> bool:
        """Whether it is the number 0."""
        return isinstance(self.scale, float) and self.scale == 0

    def whole(self):
        """Returns the product, which is a number if both factors are."""
        if self.tensor is None:
            return self.scale
        if isinstance(self.scale, float) and self.scale == 1:
            return self.tensor
        return self.scale * self.tensor

    def plus(self, other: Product) -> Product:
        """Returns the sum; the first number remains outside."""
        numbers = isinstance(self.scale, float) and isinstance(
            other.scale, float
        )
        if self.tensor is None and other.tensor is None:
            return Product(self.scale + other.scale)
        if self.tensor is None or other.tensor is None or not numbers:
            return Product(1.0, self.whole() + other.whole())
        ratio = other.scale / self.scale
        if ratio == -1:
            return Product(self.scale, self.tensor - other.tensor)
        more = Product(ratio, other.tensor).whole()
        return Product(self.scale, self.tensor + more)

    def times(self, factor, rank: int = 0, grows: bool = False) -> Product:
        """Returns the product with a number or a tensor.

        Args:
            factor: The number or tensor.
            rank: That of the input. A tensor of lower rank is made of
                parameters and joins the factor.
            grows: Whether `factor` may be infinite. Times 0 it is 0 then,
                since the function is flat there.
        """
        if type(factor) is float or len(factor.shape) < rank:
            return Product(self.scale * factor, self.tensor)
        if self.tensor is None:
            return Product(self.scale, factor)
        if not grows:
            return Product(self.scale, factor * self.tensor)
        if ops.on_tensorflow(factor):
            import tensorflow as tf

            found = tf.math.multiply_no_nan(factor, self.tensor)
            return Product(self.scale, found)
        found = factor * self.tensor
        # Where it is a number, its own derivative must remain.
        return Product(self.scale, ops.where(ops.isnan(found), 0, found))

    def summed(self, contract: Callable, leaf) -> Product:
        """Returns the sum over the axes which `leaf` was broadcast over."""
        alike = isinstance(self.scale, float) or len(self.scale.shape) in (
            0,
            len(leaf.shape),
        )
        if alike:
            return Product(self.scale, contract(self.tensor, 1.0, leaf))
        return Product(1.0, contract(self.whole(), 1.0, leaf))


def products(
    row: Operator,
    y,
    operands: Sequence,
    c: Product,
    wanted: Sequence[bool],
    grows: bool,
) -> list[Product]:
    """Returns the derivative by each operand, times c.

    Args:
        row: The operator.
        y: Its value.
        operands: What it was applied to.
        c: The derivative of the whole by y, a number or of y's shape.
        wanted: For each operand, whether its derivative is needed; for others
            anything is returned.
        grows: Whether a derivative may be infinite.
    """
    if row.chooses:
        others = [Product(0.0)] * (len(operands) - 2)
        return others + _divided(row.chooses(*operands), c, wanted, operands)
    rank = len(y.shape)
    kernel = _KERNELS.get(row.name)
    if kernel and c.tensor is not None and ops.on_tensorflow(y):
        scale, found = kernel(c.tensor, y, operands[0])
        return [Product(scale * c.scale, found)]
    if row.name in _SCALED and (row.name != "pow" or _is_two(operands[1])):
        scale, partial = _SCALED[row.name](y, operands[0])
        found = c.times(scale).times(partial, rank, grows)
        return [found] * len(operands)
    return [
        c.times(partial, rank, grows) if needed else c
        for partial, needed in zip(
            row.partials(y, *operands), wanted, strict=True
        )
    ]


def _is_two(operand) -> bool:
    return type(operand) is float and operand == 2


def _divided(
    chosen, c: Product, wanted: Sequence[bool], operands: Sequence
) -> list[Product]:
    """Returns c where it is chosen, and c elsewhere."""
    like = next(a for a in operands if type(a) is not float)
    if not ops.on_tensorflow(chosen):
        one = ops.number(1.0, like) if c.tensor is None else c.tensor
        zero = ops.number(0.0, like)
        return [
            Product(c.scale, ops.where(chosen, *pair))
            for pair in ((one, zero), (zero, one))
        ]
    # Selection is the slowest of TensorFlow's elementwise kernels.
    mask = ops.cast(chosen, like.dtype)
    if not wanted[-1]:
        return [_masked(c, mask), c]
    return [_masked(c, mask), _masked(c, 1 - mask)]


def _masked(c: Product, mask) -> Product:
    if c.tensor is None:
        return Product(c.scale, mask)
    # 0 times infinity is 0.
    return Product(c.scale, mask).times(c.tensor, grows=True)


def _kernel(name: str, first: str, second: str, of_value: bool) -> Callable:
    """Returns a kernel of TensorFlow for the derivative times c."""

    def product(c, y, a):
        import tensorflow as tf

        given = {first: y if of_value else a, second: c}
        return 1.0, getattr(tf.raw_ops, name)(**given)

    return product


def _over_root(c, y, a):
    import tensorflow as tf

    return 0.5, tf.math.divide_no_nan(c, y)  # 0 where a <= 0, as y is.


# Of operators of one operand on TensorFlow: a number and a tensor.
_KERNELS: dict[str, Callable] = {
    "tanh": _kernel("TanhGrad", "y", "dy", True),
    "sigmoid": _kernel("SigmoidGrad", "y", "dy", True),
    "reciprocal": _kernel("ReciprocalGrad", "y", "dy", True),
    "_softplus": _kernel("SoftplusGrad", "features", "gradients", False),
    "softplus": _kernel("SoftplusGrad", "features", "gradients", False),
    "sqrt": _over_root,
    "log": lambda c, y, a: (1.0, c / a),
    "log1p": lambda c, y, a: (1.0, c / (1 + a)),
    "atan": lambda c, y, a: (1.0, c / (1 + a * a)),
    "_elu": _kernel("EluGrad", "outputs", "gradients", True),
    "_rsqrt": _kernel("RsqrtGrad", "y", "dy", True),
    "_root": _over_root,
}
# Derivatives by the first operand as a number and a tensor.
_SCALED: dict[str, Callable] = {
    "pow": lambda y, a: (2.0, a),
    "erf": lambda y, a: fn.erf_slope(a),
    "_rsqrt": lambda y, a: (-0.5, y * y * y),
}
