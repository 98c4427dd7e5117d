"""Activation functions of 8-bit numbers as tables, in LiteRT files.

A function of one number of 8 bits has 256 values. LiteRT's converter rounds
after every operation instead, which adds up where a function has several. So
the float graph is marked where a function begins and ends; once the converter
has chosen the scales, a look-up takes the place of what is between:

    code ── CAST ── ADD 128 ── GATHER of 256 codes ── code

With one value of a parameter for each channel there is a table for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from actfn.export.sites import Site, number

if TYPE_CHECKING:  # Loads TensorFlow.
    from actfn.export.graphs import Graph

_CODES = np.arange(-128, 128)


def put_tables(model, sites: list[Site]) -> None:
    """Puts a table in the place of each function between marks.

    Functions of what the converter left in floats stay as they are.

    Args:
        model: A LiteRT file's `ModelT`, as the converter wrote it.
        sites: Has the function of each mark by its number.

    Raises:
        ValueError: A function is not a number within the range of its input.
    """
    from actfn.export.graphs import Graph

    for subgraph in model.subgraphs:
        graph = Graph(model, subgraph)
        for operator in list(subgraph.operators):
            site, end = divmod(_number(graph, operator), 2)
            if end and 0 <= site < len(sites):
                _put_table(graph, operator, sites[site], 2 * site)


def _number(graph: Graph, operator) -> int:
    """Returns the number of a mark; a negative one of other operators."""
    if graph.name(operator) != "LEAKY_RELU":
        return -2
    return number(operator.builtinOptions.alpha)


def _put_table(graph: Graph, end, site: Site, begin: int) -> None:
    between, found = graph.back(end, lambda op: _number(graph, op) == begin)
    if len(found) != 1:
        return  # The function does not depend on its input.
    x, y = found[0].inputs[0], end.outputs[0]
    if not graph.is_int8(x) or not graph.is_int8(y):
        return
    table = _table(site, graph.scale(x), graph.scale(y))
    index = 128 + 256 * np.arange(table[..., 0].size, dtype="int32")
    index = index.reshape(table.shape[:-1])
    codes = graph.add_like(x, "int32", "codes")
    places = graph.add_like(x, "int32", "places")
    graph.replace(
        end,
        [
            graph.operator("CAST", [x], [codes]),
            graph.operator("ADD", [codes, graph.constant(index)], [places]),
            graph.operator(
                "GATHER", [graph.constant(table.ravel(), y), places], [y]
            ),
        ],
    )
    graph.drop([*between, *found])


def _table(site: Site, of_x: tuple, of_y: tuple) -> np.ndarray:
    """Returns the codes of the values for all codes of x on the last axis.

    One table for each place of the parameters, on the axes before.
    """
    places = np.broadcast_shapes(*(v.shape for v in site.values.values()))
    x = of_x[0] * (_CODES - of_x[1])
    values = {name: v[..., None] for name, v in site.values.items()}
    y = site.expression(np.broadcast_to(x, (*places, 256)), **values)
    if np.isnan(y).any():
        raise ValueError(
            "`model` must have functions that are numbers over all of the "
            f"range of `representative_data`. Received: {site.expression} is "
            f"none at {x[np.isnan(y).reshape(-1, 256).any(0)][0]:.3g}"
        )
    # Parameters as after initialisation.
    first = y.reshape(-1, 256)[0]
    y = first if (y == first).all() else y
    codes = np.round(y / of_y[0]) + of_y[1]
    return np.clip(codes, -128, 127).astype("int8")
