"""The documentation shows what the benchmarks wrote, to the digit."""

import pathlib
import shutil

import pytest

import actfn
from actfn.search.books.tables import read_rows
from experiments.benchmark import (
    models as benchmark_models,
)
from experiments.benchmark import (
    pages as benchmark_pages,
)
from experiments.benchmark.activations import MODES
from experiments.benchmark.parts import (
    search_on_tasks,
    search_tables,
    tables,
)
from models import markdown

ROOT = pathlib.Path(__file__).parents[3]
RESULTS = ROOT / benchmark_pages.RESULTS


def row(function, mode, contestant, milliseconds, kept=""):
    return {
        "function": function,
        "mode": mode,
        "contestant": contestant,
        "milliseconds": milliseconds,
        "bytes_kept": kept,
        "input_bytes": "400",
        "machine": "an abacus",
    }


ROWS = [
    row("sine", "graph", "actfn", "3", "400"),
    row("sine", "graph", "actfn, recompute=False", "2.5", "800"),
    row("sine", "graph", "plain", "2", "1000"),
    row("sine", "graph", "tf.nn.swish", "4", "800"),
    row("sine", "graph", "tf.nn.relu", "1", "400"),
]


def test_the_short_table_has_the_papers_functions():
    of_relu = [{**each, "function": "relu"} for each in ROWS]
    lines = tables.summary([*ROWS, *of_relu]).splitlines()
    assert lines[2] == "| relu | 3.0 | 2.0 | 1.50 | 1 | 2.5 | 1.25 |"
    assert lines[3] == "| `tf.nn.swish` |  | 4.0 |  |  | 2 |  |"
    assert lines[-1] == "Measured on an abacus."


def test_a_table_for_each_mode():
    others = [
        {**row, "mode": "xla", "bytes_kept": "", "milliseconds": "2"}
        for row in ROWS
    ]
    text = tables.details([*ROWS, *others])
    graph, xla = text.split("### ")[1:]
    assert (
        "| sine | 2.0 | 3.0 | 1.50 | 0.75 | 2.5 | 1.25 | 2.5 | 1 | 2 |" in graph
    )
    assert "| sine | 2.0 | 2.0 | 1.00 | 1.00 | 2.0 | 1.00 |" in xla
    assert "keeps" in graph and "keeps" not in xla


def test_throughput_is_a_share():
    rows = [
        {
            "model": "resnet8",
            "activation": "swish",
            "examples_per_second": "123.456",
            "relative_to_relu": "0.8765",
            "machine": "an abacus",
        }
    ]
    assert "| resnet8 | swish | 123 | 88% |" in tables.throughput(rows)


def test_workers_are_compared_over_all_rounds():
    rows = [
        {
            "contestant": name,
            "functions": "10",
            "seconds": seconds,
            "busy": busy,
            "machine": "an abacus",
        }
        for name, seconds, busy in (
            ("bare", "40", ""),
            ("workers", "30", ""),
            ("workers", "34", ""),
            ("bare", "32", ""),
            ("64 clients", "36", "0.9667"),
        )
    ]
    text = search_tables.workers(rows)
    assert "| bare | 20 | 1,000 | 1.000 |  |" in text
    assert "| workers | 20 | 1,125 | 1.125 |  |" in text
    assert "| 64 clients | 10 | 1,000 |  | 96.7% |" in text


def test_a_race_is_a_row_with_its_interval():
    row = {"policy": "random", "seeds": "200", "children": "60"}
    row |= {"single": "0.70769", "racing": "0.71024", "gain": "0.00262"}
    row |= {"low": "-0.00146", "high": "0.00364", "p": "6.89e-06"}
    assert (
        "| random | 60 | 200 | 0.7077 | 0.7102 | +0.0026 | -0.0015 to +0.0036 "
        "| 6.9e-06 |"
    ) in search_tables.racing([row])


def test_a_search_is_a_row_and_a_rival_a_column():
    row = {"task": "implicit", "expression": "sin(x)", "low": "1", "high": "2"}
    row |= {"finalists": "5", "reward": "psnr", "pairs": "8", "margin": "0.25"}
    relu = {"rival": "relu", "role": "baseline", "gain": "1.5", "p": "0.01"}
    tuned = {"rival": "wire(scale=2)", "role": "candidate", "gain": "-3"}
    rows = [
        row | {"seed": "0"} | tuned | {"p": "1"},
        row | {"seed": "0"} | relu,
        row | {"seed": "1"} | relu | {"gain": "2.5"},
        row | {"seed": "1"} | tuned | {"rival": "wire(scale=4)", "p": "0.05"},
        row | {"seed": "2"} | relu,  # it began before there was a WIRE
    ]
    lines = search_on_tasks.searches(rows).splitlines()
    assert "in dB" in lines[0]
    assert lines[2] == "| seed | function found | `relu` | `wire` tuned |"
    assert lines[4:] == [
        "| 0 | `sin(x)` | 1.50 ± 0.50 | (-3.00 ± 0.50) |",
        "| 1 | `sin(x)` | 2.50 ± 0.50 | (-3.00 ± 0.50) |",
        "| 2 | `sin(x)` | 1.50 ± 0.50 |  |",
        "| | in how many it is beaten | 3 of 3 | 0 of 2 |",
        "| | mean of the gains | 1.83 | -3.00 |",
        # 0.25 + 0.5 / 2.365 * (2.998 + 0.896): Student's quantiles by a table.
        "| | gain that would have shown, 80% of times, median | 1.07 | 1.07 |",
    ]


MEASURED = [b for b in benchmark_pages.BLOCKS if (RESULTS / b[2]).exists()]


@pytest.mark.parametrize("page,name,file,write", MEASURED)
def test_the_pages_are_up_to_date(page, name, file, write):
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = markdown.block(text, name)[1]
    assert shown == write(read_rows(RESULTS / file))


def test_everything_was_measured():
    rows = read_rows(RESULTS / "activations.csv")
    measured = {(row["function"], row["mode"]) for row in rows}
    names = {*actfn.catalog.names(), *actfn.catalog.gated_names()}
    names -= {"silu"}  # Another name of swish_1.
    assert measured == {(name, mode) for name in names for mode in MODES}
    models = {row["model"] for row in read_rows(RESULTS / "models.csv")}
    assert models == {*benchmark_models.MODELS}


def test_the_command_writes_pages_and_chart(tmp_path):
    for page, *_ in benchmark_pages.BLOCKS:
        (tmp_path / page).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / page, tmp_path / page)
    readme = tmp_path / "README.md"
    before = readme.read_text()
    markdown.update(readme, "activations", "old\n")
    for folder in ("images", "benchmarks"):
        (tmp_path / "docs" / folder).mkdir()
    arguments = ["--directory", str(RESULTS), "--root", str(tmp_path)]
    benchmark_pages.main(arguments)
    assert readme.read_text() == before
    for file in ("activations.csv", "models.csv"):
        copy = tmp_path / benchmark_pages.RESULTS / file
        assert copy.read_text() == (RESULTS / file).read_text()
    picture = tmp_path / benchmark_pages.CHART
    assert picture.read_bytes()[1:4] == b"PNG"
    readme.write_text(before.replace("| relu |", "| old |"))
    kept = str(tmp_path / benchmark_pages.RESULTS)  # As well as new results.
    benchmark_pages.main(["--directory", kept, "--root", str(tmp_path)])
    assert readme.read_text() == before


def test_missing_results_are_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        benchmark_pages.main(["--directory", str(tmp_path)])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
