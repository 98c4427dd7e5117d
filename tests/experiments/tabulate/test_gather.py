"""The open table, gathered from runs whose scores are drawn."""

import csv
import json
import math
import os
import re
import shutil
import statistics

import numpy as np
import pytest
from scipy import optimize

import actfn
from actfn import bench
from actfn.search.books.tables import write_rows
from experiments import tasks
from experiments.tabulate import __main__ as tabulate
from experiments.tabulate import describe, functions
from experiments.tabulate import gather as gathering
from experiments.tabulate.stages import seed_of
from tests.searching import rows as read

SPACE = ["--unary", "identity", "max0", "sigmoid", "--binary", "mul", "div"]


def gather(target, *folders):
    words = ["gather", *map(str, folders), *SPACE, "--to", str(target)]
    return tabulate.main(words)


@pytest.fixture
def runs(make):
    return make("runs", *SPACE)


@pytest.fixture
def table(runs, tmp_path):
    assert gather(tmp_path / "table", runs) == 0
    return bench.load(tmp_path / "table")


def test_rows_are_those_of_the_runs_in_the_order_of_the_list(runs, table):
    found = read(runs / "1-of-1" / "runs.csv")
    assert table.runs.num_rows == len(found) > 20
    listed = [each.text for each in functions.of_space(SPACE[1:4], SPACE[5:])]
    assert table.functions["function"].to_pylist() == listed
    rows = table.runs.to_pylist()
    order = [(listed.index(row["function"]), row["run"]) for row in rows]
    assert order == sorted(order)
    known = {(row["function"], int(row["run"])): row for row in found}
    for row in rows:
        was = known[row["function"], row["run"]]
        for name, value in row.items():
            text = was["error" if name == "score" else name]
            if isinstance(value, float):
                assert value == float(text)
            else:
                assert value is None or str(value) == text
        lost = row["status"] == "diverged"
        assert lost == (row["score"] is None) == math.isnan(float(was["error"]))
    assert any(row["status"] == "diverged" for row in rows)


def test_the_commands_of_the_page_go_together(
    toy_task, one_best, no_training, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert tabulate.main(["--task", "toy", *SPACE]) == 0
    (folder,) = tmp_path.glob("results/table/*")
    assert gather(tmp_path / "table", folder) == 0


def test_every_summary_is_that_of_the_runs(table):
    rows = table.runs.to_pylist()
    summary = {row["function"]: row for row in table.summary.to_pylist()}
    floor = tasks.get("toy").metrics["error"].floor
    means = {}
    for text, row in summary.items():
        own = [r for r in rows if r["function"] == text]
        scores = [floor if r["score"] is None else r["score"] for r in own]
        means[text] = statistics.fmean(scores)
        assert row["runs"] == len(own)
        assert row["mean"] == pytest.approx(means[text], rel=1e-5)
        if len(own) > 1:
            deviation = np.std(scores, ddof=1)
            assert row["deviation"] == pytest.approx(deviation, rel=1e-5)
        else:
            assert row["deviation"] is None
        assert row["first"] == pytest.approx(scores[0], rel=1e-5)
        assert row["diverged"] == sum(r["score"] is None for r in own)
    assert {*summary} == {row["function"] for row in rows}
    assert {row["runs"] for row in summary.values()} == {1, 3, 8}
    # Of an error, less is better.
    for text, row in summary.items():
        better = sum(mean < means[text] for mean in means.values())
        assert row["rank"] == 1 + better


def test_same_rows_same_bytes(runs, table, tmp_path):
    again = tmp_path / "again"
    # In another order, and in two parts.
    path = runs / "1-of-1" / "runs.csv"
    head, *lines = path.read_text().splitlines(keepends=True)
    shutil.copytree(runs / "1-of-1", runs / "2-of-1")
    path.write_text(head + "".join(lines[:1:-1]))
    assert gather(again, runs) == 0
    for name in ("functions.parquet", "runs.parquet", "summary.csv"):
        first = (tmp_path / "table" / name).read_bytes()
        assert (again / name).read_bytes() == first


def test_a_full_disk_leaves_the_table_as_it_was(
    runs, table, tmp_path, monkeypatch
):
    target = tmp_path / "table"
    before = {path: path.read_bytes() for path in target.iterdir()}

    def full(*_):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(gathering.croissant, "metadata", full)
        with pytest.raises(SystemExit):
            gather(target, runs)
    assert {p: p.read_bytes() for p in target.iterdir()} == before


def test_a_kill_between_the_files_is_seen(runs, table, tmp_path, monkeypatch):
    target = tmp_path / "table"
    path = runs / "1-of-1" / "runs.csv"
    path.write_text("".join(path.read_text().splitlines(True)[:-1]))
    replace, left = os.replace, 3

    def killed(source, to):
        nonlocal left
        if to.parent == target:
            left -= 1
            if not left:
                raise KeyboardInterrupt
        replace(source, to)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            gather(target, runs)
    with pytest.raises(bench.TableError, match=r"runs\.parquet must be"):
        bench.load(target)
    assert gather(target, runs) == 0
    assert bench.load(target).runs.num_rows == table.runs.num_rows - 1


def test_what_is_missing_is_counted(runs, tmp_path, capsys):
    assert gather(tmp_path / "whole", runs) == 0
    table = bench.load(tmp_path / "whole")
    count, total = table.functions.num_rows, table.runs.num_rows
    said = f"toy: {total} runs of {count} of the {count} functions that"
    assert capsys.readouterr().out.startswith(said)
    path = runs / "1-of-1" / "runs.csv"
    lines = path.read_text().splitlines(keepends=True)
    # One function fewer, and the further seeds of another.
    listed = table.functions["function"].to_pylist()
    gone = listed[-1]
    again = next(r["function"] for r in read(path) if r["run"] == "1")
    kept = [
        line
        for line, row in zip(lines[1:], read(path), strict=True)
        if row["function"] != gone
        and (row["function"], row["run"]) != (again, "2")
    ]
    path.write_text(lines[0] + "".join(kept))
    assert gather(tmp_path / "less", runs) == 0
    less = bench.load(tmp_path / "less")
    entry = less.tasks["toy"]
    assert entry["runs"] == len(kept) and entry["functions"] == count - 1
    # What is declared does not follow from what happens to be there.
    assert entry["declared"] == count and entry["missing"] >= 2
    assert f"{entry['missing']} runs are missing" in less.completeness()
    assert gone in less.functions["function"].to_pylist()
    assert "No run on toy." in less.query(gone).note


def test_a_run_that_broke_off_does_not_look_complete(make, tmp_path):
    """Nor one of fewer functions: the table knows what a task declares."""
    part = make("part", *SPACE, "--functions", "4")
    assert gather(tmp_path / "table", part) == 0
    entry = bench.load(tmp_path / "table").tasks["toy"]
    count = len(functions.of_space(SPACE[1:4], SPACE[5:]))
    assert (entry["functions"], entry["declared"]) == (4, count)
    assert entry["missing"] >= count - 4


def test_a_task_declares_the_list_or_its_beginning(
    make, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(functions.PARTS, "toy", 4)
    runs = make("declared", *SPACE)
    assert len({row["function"] for row in read(runs / "1-of-1/runs.csv")}) == 4
    assert gather(tmp_path / "table", runs) == 0
    table = bench.load(tmp_path / "table")
    entry = table.tasks["toy"]
    assert (entry["functions"], entry["declared"]) == (4, 4)
    assert (entry["missing"], entry["beyond"]) == (0, [])
    assert table.functions.num_rows > 4
    assert "4 of the 4 functions that it declares\n" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        make("more", *SPACE, "--functions", "5")
    assert "at most 4, which toy declares" in capsys.readouterr().err


def test_runs_that_the_stages_do_not_give_are_named(runs, tmp_path):
    path = runs / "1-of-1" / "runs.csv"
    found = read(path)
    several = {row["function"] for row in found if row["run"] != "0"}
    once = next(row for row in found if row["function"] not in several)
    again = {**once, "run": "1", "seed": str(seed_of(1))}
    with path.open("a") as file:
        csv.DictWriter(file, once, lineterminator="\n").writerow(again)
    assert gather(tmp_path / "table", runs) == 0
    entry = bench.load(tmp_path / "table").tasks["toy"]
    assert (entry["beyond"], entry["missing"]) == ([once["function"]], 0)


def test_tasks_say_what_a_reader_needs(table):
    toy = tasks.get("toy")
    entry = json.loads(json.dumps(table.tasks["toy"]))
    assert entry["metric"] == "error" and entry["direction"] == "min"
    assert entry["floor"] == 1e3 and entry["unit"] == "squared"
    assert entry["setting"] == {"width": 4, "steps": 5}
    assert entry["provenance"] == toy.provenance
    assert table.task_names == ("toy",)


def test_a_function_is_described_as_it_is():
    named = {
        name: each for each in functions.of_catalog() for name in each.names
    }
    names = ("relu", "tanh", "swish_1", "relu6", "prelu", "softsign", "sine")
    relu, tanh, swish, relu6, prelu, softsign, sine = describe.rows(
        [named[name] for name in names]
    )
    assert (relu["left"], relu["right"]) == ("0", "infinity")
    assert (relu["left_slope"], relu["right_slope"]) == ("0", "1")
    assert relu["normal_mean"] == pytest.approx(
        1 / math.sqrt(2 * math.pi), 1e-4
    )
    variance = 0.5 - 1 / (2 * math.pi)
    assert relu["normal_variance"] == pytest.approx(variance, 1e-4)
    assert relu["normal_slope_square"] == pytest.approx(0.5, 1e-2)
    assert (relu["lipschitz"], relu["parity"]) == (1, "neither")
    assert relu["criticality"] == pytest.approx(1, 1e-2)  # as He chose it
    # Of sin: s^2 = 2 E sin(s x)^2 = 1 - exp(-2 s^2), and the slopes have the
    # rest, 1 + exp(-2 s^2).
    square = optimize.brentq(lambda q: 1 - np.exp(-2 * q) - q, 0.1, 2)
    assert sine["criticality"] == pytest.approx(2 - square, 1e-3)
    assert prelu["criticality"] is None  # the variance grows without end
    (constant,) = describe.rows([functions.Function("beta", "beta", "")])
    assert constant["criticality"] == 0
    assert relu["zero_at_zero"] and relu["raw_x"] and not relu["periodic"]
    assert relu["monotone"] == "rising" and swish["monotone"] == "no"
    assert (tanh["parity"], tanh["lipschitz"]) == ("odd", 1)
    assert tanh["normal_mean"] == 0 and not tanh["raw_x"]
    # max x (1 + e^-x + x e^-x) / (1 + e^-x)^2 over x
    assert swish["lipschitz"] == pytest.approx(1.09984, 1e-4)
    assert [relu["units"], relu6["units"]] == [1, None]
    # prelu starts at 0.25: E(0.25 x | x < 0) and E(x | x > 0).
    assert prelu["initial"] == ["0.25"] and prelu["left_slope"] == "0.25"
    assert prelu["normal_mean"] == pytest.approx(0.75 * 0.398942, 1e-4)
    assert tanh["values"] == pytest.approx(np.tanh(bench.QUANTILES), 1e-5)
    assert not relu["division"] and not tanh["exact"]
    assert softsign["latex"]


@pytest.mark.parametrize(
    ("text", "raw", "periodic", "division"),
    [
        ("x + sin(x)", True, True, False),
        ("cos(x) - tanh(x)", False, True, False),
        ("x * sigmoid(x)", True, False, False),
        ("x * sin(x) + 1", False, True, False),
        ("tanh(x) / x", True, False, True),
        ("max(x, tanh(x))", True, False, False),
        ("exp(x) + (sin(x) + x)", True, True, False),
        ("beta * x * exp(x)", True, False, False),
    ],
)
def test_signs_that_the_findings_are_about(text, raw, periodic, division):
    (row,) = describe.rows([functions.Function(text, text, "one-unit")])
    assert (row["raw_x"], row["periodic"], row["division"]) == (
        raw, periodic, division,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("empty", "runs of one task"),
        ("twice", "Each DIR must be of another task"),
        ("list", "list of functions"),
        ("settings", "of one setting"),
        ("unsettled", "must have its settings.json"),
        ("torn", "line break"),
        ("older", "columns of today"),
        ("unnamed", "runs.csv, line 1: the header should have"),
        ("[]", "settings.json must have functions, setting, task"),
        ("{}", "settings.json must have functions, setting, task"),
        ("function=nosuch", "of the list. Received: nosuch"),
        ("task=martian", "runs.csv, line 3: `task` must be one of"),
        ("run=9", "runs.csv, line 3: run must be one of 0, 1,"),
        ("run=x", "line 3: run must be one of 0, 1, 2, 3, 4, 5, 6, 7."),
        ("run=1", "line 3: seed must be that of run 1"),
        ("status=fine", "runs.csv, line 3: status must be one of"),
        ("error=abc", "line 3: error must be a finite number. Received: 'abc'"),
        ("error=", "line 3: error must be a finite number. Received: ''"),
        ("loss_3=abc", "line 3: loss_3 must be a number. Received: 'abc'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    damage, message, runs, tmp_path, capsys
):
    folders, path = [runs], runs / "1-of-1" / "runs.csv"
    if damage == "empty":
        folders = [tmp_path / "nowhere"]
    elif damage == "twice":
        folders *= 2
    elif damage == "list":
        other = runs / "1-of-1" / "settings.json"
        other.write_text(
            re.sub('"functions": "..', '"functions": "zz', other.read_text())
        )
    elif damage == "unsettled":
        (runs / "1-of-1" / "settings.json").unlink()
    elif damage in ("[]", "{}"):
        (runs / "1-of-1" / "settings.json").write_text(damage)
    elif damage == "unnamed":
        path.write_text(path.read_text().replace("function,", "name,", 1))
    elif "=" in damage:
        name, _, value = damage.partition("=")
        found = read(path)
        assert found[1]["status"] == "completed" and found[1]["run"] == "0"
        found[1][name] = value
        write_rows(path, [*found[0]], found)
    elif damage == "older":  # one part of several
        other = runs / "2-of-2"
        shutil.copytree(runs / "1-of-1", other)
        found = read(path)
        write_rows(path, [*found[0]], found[1:])
        head, row, *_ = (other / "runs.csv").read_text().splitlines()
        head = head.replace("snip", "signs")
        (other / "runs.csv").write_text(f"{head}\n{row}\n")
    elif damage == "settings":
        setting = read(path)[0]["setting"]
        path.write_text(path.read_text().replace(setting, "other", 1))
    else:
        path.write_bytes(path.read_bytes()[:-150])
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        gather(tmp_path / "table", *folders)
    assert end.value.code == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1
    assert not (tmp_path / "table").exists()


def test_queries_find_what_is_asked_for(table):
    for text in ("sigmoid(x) * x", "x * expit(x)", "swish_1", "silu"):
        found = table.query(text)
        assert found.function["form"] == "x * sigmoid(x)", text
        assert not found.epsilon and {*found.scores} == {"toy"}
    found = table.query("x / (1 + exp(-x))")
    assert found.function["form"] == "x * sigmoid(x)" and found.epsilon
    assert "epsilon" in str(found)
    # The other way: the table's has the epsilon, what is asked has not.
    found = table.query("x * reciprocal(sigmoid(x))")
    assert found.function["form"] == str(
        actfn.canonicalize(actfn.parse("x / sigmoid(x)"))
    )
    assert found.epsilon
    assert not table.query("x / sigmoid(x)").epsilon
    found = table.query("1.001 * x * sigmoid(x)")
    assert found.function is None and not found.scores
    assert found.nearest == "x * sigmoid(x)" and found.nearest in str(found)
    with pytest.raises(ValueError, match="one input"):
        table.query("x * y")
    with pytest.raises(actfn.ExpressionError):
        table.query("x +")
