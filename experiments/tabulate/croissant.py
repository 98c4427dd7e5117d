"""Croissant 1.0 metadata of the open table, for search engines and loaders.

The format: https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from actfn.bench import Table
from actfn.bench import table as bench
from experiments.machine import version
from experiments.tabulate import columns

_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field",
    "fileProperty", "fileObject", "fileSet", "format", "includes",
    "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path",
    "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
    "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}
_FORMATS = {
    ".parquet": "application/x-parquet",
    ".csv": "text/csv",
    ".json": "application/json",
}
DESCRIPTION = (
    "Activation functions, to be trained for real on several small tasks: all "
    "distinct functions of one core unit of the search space of arXiv:"
    "1710.05941, 1,500 of two units drawn at random, and published ones. Raw "
    "seeds, losses on the way, and what is known of each function untrained. "
    "So far: "
)
PUBLISHED = "2026-11-28"
"""When the first part of it was."""

CITATION = (
    "@misc{actfn-table, title={actfn: an open table of activation functions}, "
    "author={{The actfn contributors}}, version={" + version() + "}}"
)


def metadata(folder: pathlib.Path, table: Table) -> str:
    """Returns the text of croissant.json.

    Args:
        folder: Of the table's files.
        table: What they hold.
    """
    sets = (
        (bench.FUNCTIONS, table.functions, columns.FUNCTIONS, ["function"]),
        (bench.RUNS, table.runs, columns.RUNS, ["task", "function", "run"]),
        (bench.SUMMARY, table.summary, columns.SUMMARY, ["task", "function"]),
    )
    found = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": "actfn-table",
        "description": DESCRIPTION + table.completeness().replace("\n", "; "),
        "datePublished": PUBLISHED,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": "https://www.apache.org/licenses/LICENSE-2.0",
        "version": version(),
        "citeAs": CITATION,
        "keywords": ["activation functions", "neural networks", "benchmark"],
        "distribution": [_file(folder / name) for name in bench.FILES],
        "recordSet": [_records(*each) for each in sets],
    }
    return json.dumps(found, indent=1) + "\n"


def _file(path: pathlib.Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {
        "@type": "cr:FileObject",
        "@id": path.name,
        "name": path.name,
        "contentUrl": path.name,
        "contentSize": f"{len(data)} B",
        "encodingFormat": _FORMATS[path.suffix],
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _records(
    file: str, table: pa.Table, meaning: Mapping[str, str], key: Sequence[str]
) -> dict[str, Any]:
    name = file.partition(".")[0]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "key": [{"@id": f"{name}/{column}"} for column in key],
        "field": [
            _field(name, file, field, meaning[field.name])
            for field in table.schema
        ],
    }


def _field(name: str, file: str, field: pa.Field, meaning: str) -> dict:
    kind = field.type
    found = {
        "@type": "cr:Field",
        "@id": f"{name}/{field.name}",
        "name": f"{name}/{field.name}",
        "description": meaning,
        "dataType": _type(kind.value_type if pa.types.is_list(kind) else kind),
        "source": {
            "fileObject": {"@id": file},
            "extract": {"column": field.name},
        },
    }
    return found | ({"repeated": True} if pa.types.is_list(kind) else {})


def _type(kind: pa.DataType) -> str:
    for test, name in (
        (pa.types.is_boolean, "sc:Boolean"),
        (pa.types.is_integer, "sc:Integer"),
        (pa.types.is_floating, "sc:Float"),
    ):
        if test(kind):
            return name
    return "sc:Text"
