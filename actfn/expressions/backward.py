"""The backward sweep over the steps of an expression."""

from __future__ import annotations

import typing
from collections.abc import Sequence

from actfn.expressions import functions as fn
from actfn.expressions import ops
from actfn.expressions.products import Product, products

if typing.TYPE_CHECKING:
    from actfn.expressions.evaluate import Program


def derivatives(
    program: Program,
    values: Sequence,
    x,
    leaves: Sequence[int | None],
    upstream=None,
) -> list:
    """Returns upstream times the derivative of the last step by each leaf.

    Args:
        program: The steps.
        values: The value of each.
        x: The input.
        leaves: Which steps are wanted; None for one that does not occur.
        upstream: Of the shape of the input. Then the derivative by what does
            not depend on an input is summed over the axes which that was
            broadcast over. By default it is 1, and nothing is summed.

    Returns:
        A tensor for each leaf, or a number where it is one; 0.0 if the last
        step does not depend on it.
    """
    places, of_input = program.places, program.of_input
    last = len(places) - 1
    active = _active(places, leaves)
    summed = upstream is not None
    found: dict[int, Product] = {}
    if last in active:
        if summed and not of_input[last]:
            upstream = contract(upstream, 1.0, values[last])
        found[last] = Product(1.0, upstream)
    for step in range(last, -1, -1):
        if step not in found or not places[step]:
            continue
        terms = products(
            program.rows[step],
            values[step],
            program.operands(step, values, x),
            found.pop(step),
            [i in active for i in places[step]],
            program.grows[step],
        )
        for i, term in zip(places[step], terms, strict=True):
            if i not in active or term.nothing:
                continue
            if summed and not of_input[i]:
                term = term.summed(contract, values[i])
            found[i] = found[i].plus(term) if i in found else term
    return [found[leaf].whole() if leaf in found else 0.0 for leaf in leaves]


def _active(places: Sequence, leaves: Sequence[int | None]) -> set[int]:
    """Returns the steps that depend on a leaf, and the leaves."""
    active = {leaf for leaf in leaves if leaf is not None}
    for step, taken in enumerate(places):
        if any(i in active for i in taken):
            active.add(step)
    return active


def contract(upstream, derivative, leaf):
    """Multiplies, and sums over the axes which the leaf was broadcast over."""
    if isinstance(derivative, float) and derivative == 0:
        return ops.zeros_like(leaf)
    term = Product(1.0, upstream).times(derivative).whole()
    rank, below = len(term.shape), len(leaf.shape)
    if rank == below:
        return term
    if below < 2 <= rank:
        channels = fn.sum_over_positions(term)
        return channels if below else ops.sum(channels)
    if below == 0:
        return ops.sum(term)
    # Channels first: all behind them are 1.
    axes = [i for i in range(rank) if i != rank - below]
    return ops.reshape(ops.sum(term, axis=axes), leaf.shape)
