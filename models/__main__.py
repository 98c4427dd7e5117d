"""Lists the models: parameters beside the reference, cost, activations."""

import argparse
import csv
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import models
from models import markdown
from models.cost import multiply_adds, parameters

_APPLICATIONS = "keras.applications."
_HE = "arXiv:1512.03385, Table 6"

# Trainable parameters of the reference, exact or as printed, and its source.
_REFERENCES = {
    "resnet20": ("0.27M", _HE),
    "resnet32": ("0.46M", _HE),
    "resnet44": ("0.66M", _HE),
    "resnet56": ("0.85M", _HE),
    "resnet110": ("1.7M", _HE),
    "resnet164": ("1.7M", "arXiv:1603.05027, Table 4"),
    "wide_resnet_28_10": ("36.5M", "arXiv:1605.07146, Table 5"),
    "densenet_100_12": ("7.0M", "arXiv:1608.06993, Table 2"),
    "densenet_bc_100_12": ("0.8M", "arXiv:1608.06993, Table 2"),
    "nasnet_a_cifar": ("3.3M", "arXiv:1707.07012, Table 1, 6 @ 768"),
    "inception_v3": ("23,817,352", _APPLICATIONS + "InceptionV3"),
    "inception_resnet_v2": (
        "55,813,192",
        _APPLICATIONS + "InceptionResNetV2",
    ),
    "mobilenet": ("4,231,976", _APPLICATIONS + "MobileNet"),
    "nasnet_a_mobile": ("5,289,978", _APPLICATIONS + "NASNetMobile"),
    "inception_v4": ("42,679,816", "timm inception_v4"),
    "transformer_base": (
        "65M",
        "arXiv:1706.03762, Table 3, about 37,000 tokens",
    ),
}


class Row(NamedTuple):
    """One model.

    Attributes:
        model: Its name.
        reference_form: Trainable parameters with `batch_norm_scale=False`,
            where the reference counts exactly.
        reference: Trainable parameters of the reference.
        source: Where the reference is.
        default: Trainable parameters as built by default.
        multiply_adds: For one example, in millions.
        activation_sites: Number of activation layers.
    """

    model: str
    reference_form: str
    reference: str
    source: str
    default: str
    multiply_adds: str
    activation_sites: str


def rows(names: Sequence[str]) -> Iterator[Row]:
    """Builds the models one by one and yields their rows."""
    for name in names:
        reference, source = _REFERENCES.get(name, ("", ""))
        model = models.build(name)
        default = form = parameters(model)
        exact = "," in reference
        if exact:
            form = parameters(models.build(name, batch_norm_scale=False))
        yield Row(
            name,
            f"{form:,}",
            reference,
            source,
            f"{default:,}",
            f"{multiply_adds(model) / 1e6:,.1f}M",
            str(model.activation_sites),
        )


def _markdown(listed: Sequence[Row]) -> str:
    columns = (
        "model",
        "ours",
        "reference",
        "source",
        "ours by default",
        "multiply-adds",
        "activation sites",
    )
    return markdown.table(columns, listed, left=("model", "source"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command; a wrong argument exits with status 2."""
    parser = argparse.ArgumentParser("python -m models", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        help="models to list; all that have a reference if none is named",
    )
    parser.add_argument(
        "--format", choices=("markdown", "csv"), default="markdown"
    )
    parser.add_argument(
        "--update",
        type=pathlib.Path,
        metavar="FILE",
        help="put the table between the lines <!-- table --> and "
        "<!-- end --> of a Markdown file",
    )
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in models.names():
            parser.error(
                f"names must be among {', '.join(models.names())}. "
                f"Received: {name}"
            )
    table = rows(options.names or list(_REFERENCES))
    if options.format == "csv" and not options.update:
        writer = csv.writer(sys.stdout)
        writer.writerow(Row._fields)
        for row in table:
            writer.writerow(row)
            sys.stdout.flush()
        return
    text = _markdown(list(table))
    if not options.update:
        print(text, end="")
        return
    try:
        markdown.update(options.update, "table", text)
    except (OSError, ValueError) as error:
        parser.error(f"--update: {error}")


if __name__ == "__main__":
    main()
