"""Values and slopes of functions of one and of two inputs, and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from actfn.catalog import get
from actfn.expressions.evaluate import compile_expression
from actfn.expressions.expression import Expression, inputs, parameters
from actfn.layers import kernels
from actfn.spaces.fingerprint import in_float64

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def curve(
    function: str | Expression,
    x: np.ndarray,
    betas: Mapping[str, float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns a function and its derivative at points, in float64.

    At a kink the derivative is the one that a layer has there.

    Args:
        function: What `actfn.get` takes, of one input.
        x: The points, of shape (points,).
        betas: Values of parameters by name, 1 for those not named.

    Raises:
        ValueError: The function has two inputs, an operator of it has no
            derivative in the table, or a name in `betas` is not a parameter
            of the function.
    """
    expression = function
    if not isinstance(function, Expression):
        expression = get(function).expression
    if inputs(expression) == 2:
        raise ValueError(
            "`function` must have one input; `surface` takes those of x and y. "
            f"Received: {str(expression)!r}"
        )
    return _values_and_slopes(expression, [x], betas)


def surface(
    function: str | Expression,
    x: np.ndarray,
    y: np.ndarray,
    betas: Mapping[str, float] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns a function of two inputs and its slopes by x and y, in float64.

    Args:
        function: What `actfn.get` takes, such as ``"swiglu"``; of one input,
            the slope by y is 0.
        x: The points' x.
        y: The points' y; of one shape with x by NumPy's broadcasting.
        betas: Values of parameters by name, 1 for those not named.

    Raises:
        ValueError: As for `curve`, or the shapes do not fit.

    Example:
        >>> x, y = np.array([1.0, 2.0]), np.array([[3.0], [-1.0]])
        >>> value, by_x, by_y = surface("x * y", x, y)
        >>> value.tolist(), by_x.tolist()
        ([[3.0, 6.0], [-1.0, -2.0]], [[3.0, 3.0], [-1.0, -1.0]])
    """
    try:
        x, y = np.broadcast_arrays(x, y)
    except ValueError:
        raise ValueError(
            "`x` and `y` must have shapes that broadcast. "
            f"Received: {np.shape(x)} and {np.shape(y)}"
        ) from None
    expression = get(function).expression
    return _values_and_slopes(expression, [x, y], betas)


def _values_and_slopes(expression: Expression, points, betas) -> tuple:
    """Returns values, and the slope by each of the inputs at the points."""
    betas = betas or {}
    names = [parameter.name for parameter in parameters(expression)]
    unknown = sorted({*betas} - {*names})
    if unknown:
        raise ValueError(
            f"`betas` must name parameters of {expression}, which has "
            f"{names}. Received: {unknown}"
        )
    program = compile_expression(expression, len(points), kernels=True)
    if not program.has_derivative:
        raise ValueError(
            "`function` must be made of operators with derivatives. "
            f"Received: {str(expression)!r}"
        )
    with in_float64():
        x, *others = [
            ops.convert_to_tensor(np.asarray(part, "float64"))
            for part in points
        ]
        values = [
            ops.convert_to_tensor(np.float64(betas.get(name, 1)))
            for name in names
        ]
        found = program.value(x, [*others, *values])
        ones = ops.ones_like(found)
        kernel = kernels.find(expression)  # As layers: it matters at kinks.
        if kernel is None or kernel.gradients is None:
            slopes = program.gradients(x, [*others, *values], ones)
        elif inputs(expression) == len(points):
            slopes = kernel.gradients(x, [*others, *values], ones)
        else:  # of x alone
            slope, *_ = kernel.gradients(x, values, ones)
            slopes = slope, *map(ops.zeros_like, others)
        return tuple(
            ops.convert_to_numpy(part)
            for part in (found, *slopes[: len(points)])
        )


def plot_function(
    function: str | Expression,
    limits: tuple[float, float] = (-6.0, 6.0),
    betas: Mapping[str, float] | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Plots a function and its derivative, as in the paper's Figs 4 and 5.

    A function of two inputs is a map of colours, with lines of equal value.

    Args:
        function: What `actfn.get` takes.
        limits: From where to where; for y as well.
        betas: Values of parameters by name, 1 for those not named.
        axes: Where to draw; a new figure by default.

    Raises:
        ValueError: As for `curve`.
    """
    expression = get(function).expression
    axes = axes_or_new(axes)
    axes.set_xlabel("x")
    if inputs(expression) == 2:
        points = np.linspace(*limits, 201)
        values = surface(expression, points, points[:, None], betas)[0]
        colours = axes.pcolormesh(points, points, values, shading="nearest")
        axes.contour(points, points, values, colors="white", linewidths=0.5)
        axes.figure.colorbar(colours, ax=axes)
        axes.set_ylabel("y")
        axes.set_title(f"${expression.latex()}$")
        return axes
    x = np.linspace(*limits, 601)
    y, slope = curve(expression, x, betas)
    axes.plot(x, y, label=f"${expression.latex()}$")
    axes.plot(x, slope, "--", label="derivative")
    axes.legend()
    return axes


def axes_or_new(axes: Axes | None) -> Axes:
    """Returns the axes, or those of a new figure."""
    if axes is not None:
        return axes
    import matplotlib.pyplot as plt

    return plt.figure(layout="constrained").add_subplot()
