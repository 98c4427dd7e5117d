"""What the pages say of a table, against SciPy and plain counting."""

import dataclasses
import itertools
import shutil

import matplotlib.image
import numpy as np
import pytest
from scipy import stats

from actfn import bench
from experiments.tabulate import __main__ as tabulate
from experiments.tabulate import (
    card,
    effects,
    findings,
    functions,
    pages,
    pictures,
)

SPACE = ["--unary", "identity", "sin", "max0", "sigmoid"]
SPACE += ["--binary", "mul", "add", "div"]


def test_superiority_counts_pairs():
    rng = np.random.default_rng(1)
    scores = rng.integers(0, 9, 60).astype(float)
    member = rng.random(60) < 0.4
    scores[member] += 2
    found = effects.superiority(scores, member)
    pairs = [
        (a > b) + 0.5 * (a == b)
        for a, b in itertools.product(scores[member], scores[~member])
    ]
    assert found.size == pytest.approx(np.mean(pairs))
    assert found.low < found.size < found.high
    test = stats.mannwhitneyu(scores[member], scores[~member])
    assert found.p == pytest.approx(test.pvalue, rel=1e-6)


def test_weights_are_how_often_a_member_counts():
    rng = np.random.default_rng(6)
    scores = rng.integers(0, 9, 60).astype(float)
    member = rng.random(60) < 0.4
    weights = rng.integers(1, 6, 60)
    found = effects.superiority(scores, member, weights)
    often = np.repeat(scores[member], weights[member])
    both = np.concatenate([often, scores[~member]])
    ours = np.arange(len(both)) < len(often)
    assert found.size == pytest.approx(effects.superiority(both, ours).size)
    assert found.low < found.size < found.high and np.isnan(found.p)
    assert found.size != effects.superiority(scores, member).size


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say(monkeypatch):
    monkeypatch.setattr(effects, "DRAWS", 200)
    rng = np.random.default_rng(2)
    held = {"superiority": 0, "odds": 0, "correlation": 0}
    member = np.arange(120) < 50
    # Normals one apart; 0.4 against 0.2; normals that share half.
    truth = stats.norm.cdf(1 / np.sqrt(2)), 8 / 3, 6 / np.pi * np.arcsin(0.25)
    for _ in range(200):
        scores = rng.normal(size=120) + member
        top = rng.random(120) < np.where(member, 0.4, 0.2)
        x, y = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 120).T
        for name, effect, true in zip(
            held,
            (
                effects.superiority(scores, member),
                effects.odds(top, member),
                effects.correlation(x, y),
            ),
            truth,
            strict=True,
        ):
            held[name] += effect.low <= true <= effect.high
    assert all(178 <= count <= 199 for count in held.values()), held


def test_odds_and_correlation_are_scipys():
    rng = np.random.default_rng(3)
    top, member = rng.random((2, 90)) < [[0.2], [0.5]]
    counts = stats.contingency.crosstab(top, member).count
    found = effects.odds(top, member)
    assert found.p == pytest.approx(stats.fisher_exact(counts).pvalue)
    x, y = rng.integers(0, 20, (2, 90)).astype(float)
    found, expected = effects.correlation(x, x + y), stats.spearmanr(x, x + y)
    assert found.size == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)
    assert effects.correlation(x, np.ones(90)).size == 0
    # Of infinite values the order is what counts.
    x = np.where(x < 5, -np.inf, x)
    ranks = [stats.rankdata(each) for each in (x, x + y)]
    expected = stats.pearsonr(*ranks).statistic
    assert effects.correlation(x, x + y).size == pytest.approx(expected)
    assert effects.correlation(np.full(90, -np.inf), y).size == 0


def test_the_pareto_set_is_who_nobody_dominates():
    scores = np.random.default_rng(4).integers(0, 6, (40, 3))
    expected = [
        not any((b >= a).all() and (b > a).any() for b in scores)
        for a in scores
    ]
    assert effects.pareto(scores).tolist() == expected
    assert 0 < sum(expected) < 40


def test_variance_is_divided_as_it_was_put_together():
    rng = np.random.default_rng(5)
    parts = {
        "task": rng.normal(size=(1, 4, 1)),
        "function": 3 * rng.normal(size=(30, 1, 1)),
        "function and task together": 2 * rng.normal(size=(30, 4, 1)),
        "seed": rng.normal(size=(1, 4, 8)),
        "function and seed together": rng.normal(size=(30, 4, 8)),
    }
    found = effects.variance_shares(sum(parts.values()))
    assert sum(found.values()) == pytest.approx(1)
    total = 1 + 9 + 4 + 1 + 1
    for name, share in (("function", 9), ("function and task together", 4)):
        assert found[name] == pytest.approx(share / total, abs=0.15)
    alone = effects.variance_shares(parts["function"] + np.zeros((30, 4, 8)))
    assert alone["function"] == pytest.approx(1)


@pytest.fixture
def table(make, tmp_path):
    runs, target = make("runs", *SPACE), tmp_path / "table"
    words = ["gather", str(runs), *SPACE, "--to", str(target)]
    assert tabulate.main(words) == 0
    return bench.load(target)


def test_a_finding_that_is_there_is_found(table, monkeypatch):
    monkeypatch.setattr(effects, "DRAWS", 50)
    data = findings.Data(table)
    compared, member = findings.groups(data, 2)
    rows = table.functions.to_pylist()
    assert compared.all() and [r["periodic"] for r in rows] == member.tolist()
    # Of an error, less is better.
    summary = {row["function"]: row for row in table.summary.to_pylist()}
    first = [summary[row["function"]]["first"] for row in rows]
    ranks = stats.rankdata([-score for score in first])
    np.testing.assert_allclose(data.share("toy"), (ranks - 0.5) / len(rows))
    data.shares = data.shares + 1.0 * member[:, None]
    sizes = {
        (number, measure): effect
        for number, _, measure, effect in findings.effects_of(data)
    }
    best = sizes[2, "superiority"]
    assert best.size == 1 and best.p < 1e-4
    assert sizes[2, "odds of the top"].size > 1
    assert 0.2 < sizes[1, "superiority"].size < 0.8
    text = findings.blocks(table)["table findings"]
    assert text.count("division does badly") == 2
    assert "simpler functions win" not in text  # None is of two units.


def with_another_task(table):
    """The table with a second task, on which other functions diverge."""
    pa = pytest.importorskip("pyarrow")
    rng = np.random.default_rng(9)
    first = table.runs.to_pylist()
    second = []
    for row in first:
        lost = rng.random() < 0.2
        numbers = (
            {} if lost else {"score": rng.random(), "loss_1": rng.random()}
        )
        gone = dict.fromkeys(("score", "loss_1", "gradient_norm", "snip"))
        status = "diverged" if lost else "completed"
        changed = (gone if lost else {}) | numbers
        second.append({**row, "task": "other", "status": status, **changed})
    return dataclasses.replace(
        table,
        runs=pa.Table.from_pylist(first + second, table.runs.schema),
        tasks=dict.fromkeys(("toy", "other"), table.tasks["toy"]),
    )


@pytest.fixture
def firsts(table, monkeypatch):
    """Two tasks: the data, and the first runs by task and function."""
    monkeypatch.setattr(effects, "DRAWS", 20)
    both = with_another_task(table)
    rows = {name: {} for name in both.tasks}
    for row in both.runs.to_pylist():
        if row["run"] == 0:
            rows[row["task"]][row["function"]] = row
    return findings.Data(both), rows


def cells(text):
    """Returns the cells of a table by their first two columns."""
    table, _, _ = text.partition("\n\n")
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {(a.strip(), b.strip()): rest for a, b, *rest in lines}


def scores_of(rows, task):
    """Higher is better: the floor of the toy's error is 1,000."""
    return {
        text: -1e3 if row["score"] is None else -row["score"]
        for text, row in rows[task].items()
    }


def spearman(x, y):
    return f"{stats.spearmanr(x, y).statistic:.2f}"


def test_signs_are_of_all_and_of_those_that_completed(firsts):
    data, rows = firsts
    text = findings._signs(data)
    floors = [
        np.mean([score == -1e3 for score in scores_of(rows, name).values()])
        for name in ("toy", "other")
    ]
    toy, other = (f"{100 * share:.0f}%" for share in floors)
    assert text.endswith(f"functions, {toy} on toy, {other} on other.\n")
    told = cells(text)
    for task, other in (("toy", "other"), ("other", "toy")):
        score = scores_of(rows, task)
        done = {t for t, row in rows[task].items() if row["score"] is not None}
        both = {t for t in done if rows[other][t]["score"] is not None}
        assert 3 < len(both) < len(done) < len(score)
        for name, of, chosen in (
            ("loss in the first tenth of the steps", task, done),
            (f"loss in the first tenth of the steps on {other}", other, both),
        ):
            # Of who has no loss the worst that there could be.
            sign = {
                t: -1e9 if r["loss_1"] is None else -r["loss_1"]
                for t, r in rows[of].items()
            }
            row = told[task, name]
            for among, (size, _, count) in (
                (score, row[:3]), (chosen, row[3:])
            ):  # fmt: skip
                assert count == str(len(among)), name
                expected = spearman(
                    *([each[t] for t in among] for each in (sign, score))
                )
                assert size == expected
        size, _, count = told[task, f"the score on {other}"][3:]
        assert count == str(len(both))
        assert size == spearman(
            *([scores_of(rows, of)[t] for t in both] for of in (task, other))
        )
        few = told[task, "few operations"]
        assert (few[2], few[5]) == (str(len(score)), str(len(done)))


def test_tasks_are_correlated_from_both_sides(firsts):
    data, rows = firsts
    told = cells(findings._correlations(data))
    scores = {name: scores_of(rows, name) for name in ("toy", "other")}
    texts = [*scores["toy"]]
    groups = {"all": texts}
    for name, each in scores.items():
        middle = np.median([*each.values()])
        better = [t for t in texts if each[t] >= middle]
        groups[f"better half on {name}"] = better
    groups["above the floor on both"] = [
        t for t in texts if all(each[t] > -1e3 for each in scores.values())
    ]
    assert [of for _, of in told] == [*groups]
    sizes = set()
    for name, among in groups.items():
        size, _, count = told["toy, other", name]
        expected = ([each[t] for t in among] for each in scores.values())
        assert (size, count) == (spearman(*expected), str(len(among)))
        sizes.add(size)
    assert len(sizes) > 2


def test_the_pareto_set_is_of_the_first_seed_of_all_that_completed(firsts):
    data, rows = firsts
    scores = [scores_of(rows, name) for name in ("toy", "other")]
    done = [t for t in scores[0] if min(each[t] for each in scores) > -1e3]
    points = np.array([[each[t] for each in scores] for t in done])
    inside = {
        t
        for t, a in zip(done, points, strict=True)
        if not any((b >= a).all() and (b > a).any() for b in points)
    }
    text = findings._pareto(data)
    assert text.startswith(f"Of {len(done)} functions:")
    listed = {line.split("`")[1] for line in text.splitlines() if "`" in line}
    assert listed == inside


def test_one_unit_functions_count_once_or_by_their_strings(firsts, monkeypatch):
    data, rows = firsts
    member = np.arange(len(data.texts)) % 3 > 0
    groups = np.ones(len(member), bool), member
    monkeypatch.setattr(findings, "groups", lambda data, number: groups)
    told = cells(findings._strings(data))
    score = scores_of(rows, "toy")
    strings = dict(zip(data.texts, data.column("strings"), strict=True))
    sizes = {"once": 0.0, "by its strings": 0.0}
    weights = {"once": 0.0, "by its strings": 0.0}
    for a, b in itertools.product(*(
        [t for t, m in zip(data.texts, member, strict=True) if m == of]
        for of in (True, False)
    )):  # fmt: skip
        won = (score[a] > score[b]) + 0.5 * (score[a] == score[b])
        for name, weight in (("once", 1), ("by its strings", strings[a])):
            sizes[name] += weight * won
            weights[name] += weight
    for name, size in sizes.items():
        assert told["toy", name][0] == f"{size / weights[name]:.2f}"
    assert told["toy", "once"] != told["toy", "by its strings"]


@pytest.mark.parametrize("weighted", [0.5, 0.6])
def test_it_is_said_where_an_effect_is_owed_to_how_functions_are_drawn(
    weighted, firsts, monkeypatch
):
    def superiority(scores, member, weights):
        size = 0.4 if weights is None else weighted
        count = len(scores)
        return effects.Effect(size, size - 0.05, size + 0.05, 1.0, count)

    data, _ = firsts
    member = np.arange(len(data.texts)) % 3 > 0
    groups = np.ones(len(member), bool), member
    monkeypatch.setattr(findings, "groups", lambda data, number: groups)
    monkeypatch.setattr(effects, "superiority", superiority)
    text = findings._strings(data)
    assert ("On toy, other, all tasks the effect" in text) == (weighted == 0.5)


def test_runs_beyond_the_stages_do_not_count_as_repeated(table):
    text = table.functions["function"][3].as_py()
    entry = table.tasks["toy"] | {"beyond": [text]}
    beyond = dataclasses.replace(table, tasks={"toy": entry})
    usual, less = (findings.Data(t).repeated(1) for t in (table, beyond))
    assert usual.all() and [*np.flatnonzero(~less)] == [3]
    said = card.blocks(beyond)["table counts"]
    rows = {row["function"]: row for row in table.summary.to_pylist()}
    better = sum(r["first"] < rows[text]["first"] for r in rows.values())
    assert f"1 functions of `toy`, of ranks {better + 1} to" in said
    assert "more runs" not in card.blocks(table)["table counts"]


def test_the_card_says_what_tasks_declare(table, monkeypatch):
    monkeypatch.setitem(functions.PARTS, "toy", 5)
    lines = card.blocks(table)["table declared"].splitlines()
    (toy,) = [line for line in lines if "`toy`" in line]
    assert "the first 5 after it | 5 | begun" in toy
    (image,) = [line for line in lines if "`image`" in line]
    assert f"whole list | {table.functions.num_rows} | not begun" in image


def test_pages_are_made_of_the_table_byte_by_byte(table, tmp_path, monkeypatch):
    monkeypatch.setattr(effects, "DRAWS", 20)
    made = pages.texts(table, pages.DOCS)
    assert {*made} == {"table.md", "findings.md"}
    for name, text in made.items():
        (tmp_path / name).write_text(text)
    words = ["pages", "--table", str(tmp_path / "table")]
    assert tabulate.main([*words, "--docs", str(tmp_path)]) == 0
    for name, text in made.items():
        assert (tmp_path / name).read_text() == text
        assert "Not made yet" not in text
    (line,) = [t for t in made["table.md"].splitlines() if "| `toy` |" in t][:1]
    counts = [int(c) for c in line.replace("|", " ").split()[1:]]
    runs = table.runs.num_rows
    assert counts[:4] == [0, table.functions.num_rows, 0, runs]
    assert np.dot(counts[4:7], [1, 3, 8]) == runs
    status = table.runs["status"].to_pylist()
    assert counts[7:] == [status.count("diverged"), 0, 0]
    for name in ("table.png", "findings.png"):
        assert matplotlib.image.imread(tmp_path / "images" / name).std() > 0


def test_pictures_show_what_the_table_and_the_findings_say(table, monkeypatch):
    monkeypatch.setattr(effects, "DRAWS", 20)
    name = table.functions["function"][7].as_py()
    monkeypatch.setattr(pictures, "MARKED", (name,))
    drawn = pictures.draw(table)
    (panel,) = drawn["table.png"].axes
    curve, mark = panel.lines
    rows = {row["function"]: row for row in table.summary.to_pylist()}
    firsts = [row["first"] for row in rows.values()]
    # An error is drawn upside down, the best on top.
    assert panel.yaxis.get_inverted()
    np.testing.assert_allclose(curve.get_ydata(), sorted(firsts)[::-1])
    ours = rows[name]["first"]
    beaten = np.mean([ours < f for f in firsts]) + 0.5 / len(firsts)
    np.testing.assert_allclose(mark.get_xydata(), [[100 * beaten, ours]])

    forest, *pairs = drawn["findings.png"].axes
    assert not pairs  # There is one task.
    (bars,) = forest.containers
    told = findings.effects_of(findings.Data(table))
    effect = {e[0]: e[3] for e in told if e[2] == "superiority"}
    sizes, places = bars[0].get_data()
    assert dict(zip(places, sizes, strict=True)) == {
        number: each.size for number, each in effect.items()
    }
    ends = [segment[:, 0] for segment in bars[2][0].get_segments()]
    np.testing.assert_allclose(ends, [(e.low, e.high) for e in effect.values()])


def test_tasks_are_drawn_by_one_another(table, monkeypatch):
    monkeypatch.setattr(effects, "DRAWS", 20)
    data = findings.Data(table)
    other = 1 - data.shares
    data.tasks = ["toy", "other"]
    data.shares = np.concatenate([data.shares, other], axis=1)
    _, panel = pictures.found(data).axes
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("toy", "other")
    points = np.concatenate([line.get_xydata() for line in panel.lines])
    np.testing.assert_allclose(points.sum(axis=1), 100)
    assert len(points) == table.functions.num_rows


def test_the_card_says_what_is_lacking(table):
    assert "Not complete" not in card.blocks(table)["table counts"]
    toy = table.tasks["toy"]
    fewer = dataclasses.replace(
        table, tasks={"toy": toy | {"functions": toy["functions"] - 1}}
    )
    count = table.functions.num_rows
    text = card.blocks(fewer)["table counts"]
    said = f"`toy` has {count - 1} of the {count} functions that it declares"
    assert said in text


def test_the_pages_are_those_of_the_package():
    for name, text in pages.texts(pages.current(), pages.DOCS).items():
        assert (pages.DOCS / name).read_text(encoding="utf-8") == text


def test_bad_input_of_pages_is_one_line_and_status_2(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        tabulate.main(["pages", "--table", str(tmp_path)])
    assert end.value.code == 2
    err = capsys.readouterr().err
    assert "gather DIR" in err and err.count("\n") == 1


def test_pages_of_a_table_that_lacks_a_file_are_not_rewritten(
    table, tmp_path, monkeypatch, capsys
):
    folder = tmp_path / "table"
    monkeypatch.setattr(bench.table, "FOLDER", folder)
    assert pages.current().task_names == ("toy",)
    (folder / "tasks.json").unlink()
    docs = tmp_path / "docs"
    shutil.copytree(pages.DOCS, docs, ignore=shutil.ignore_patterns("results"))
    before = (docs / "table.md").read_bytes()
    with pytest.raises(SystemExit) as end:
        tabulate.main(["pages", "--docs", str(docs)])
    assert end.value.code == 2
    assert "without tasks.json" in capsys.readouterr().err
    assert (docs / "table.md").read_bytes() == before
    shutil.rmtree(folder)
    assert pages.current() is None


class Drawn:
    """What the findings ask of a table, of four functions on two tasks.

    The last has too few runs to be compared.
    """

    tasks = ("one", "two")
    texts = ("sin(x)", "x", "exp(x)", "tanh(x)", "0 * x")
    completed = np.array([[True, True]] * 4 + [[False, True]])

    def __init__(self, missing=0):
        self.missing = {"one": 0, "two": missing}
        means = np.array([[9.0, 5.0], [3.0, 4.0], [7.0, 8.0], [7.0, 7.0]])
        rng = np.random.default_rng(0)
        # Later seeds are worse, and must not count where three do.
        late = np.repeat([[0.0, -99.0]], [3, 5], axis=1)
        noise = rng.normal(0, 0.01, (4, 2, 8))
        self.values = means[:, :, None] + late[:, None] + noise

    def repeated(self, fewest):
        return np.array([fewest <= 8] * 4 + [False])

    def column(self, name):
        return np.array(["catalog", *["one-unit"] * 4])

    def runs(self, chosen):
        assert chosen.tolist() == [True] * 4 + [False]
        return self.values


def test_the_pareto_table_has_who_nobody_dominates_and_their_ranks():
    lines = findings._pareto(Drawn()).splitlines()
    assert lines[0] == "Of 4 functions:"
    head, _, *rows = lines[2:]
    assert head == "| function | rank on one | rank on two |"
    # tanh is as good as exp on one task, to the noise, and worse on the other.
    assert {row.split("|")[1].strip(): row.split("|")[2:4] for row in rows} in (
        {"`exp(x)`": [" 2 ", " 1 "], "`sin(x)`": [" 1 ", " 3 "]},
        {
            "`exp(x)`": [" 3 ", " 1 "],
            "`sin(x)`": [" 1 ", " 3 "],
            "`tanh(x)`": [" 2 ", " 2 "],
        },
    )


def test_who_has_more_seeds_is_not_compared_before_all_have_them():
    said = "To be said when all runs are there: of `two` 1,764 are missing.\n"
    assert findings._variance(Drawn(missing=1764)) == said


def test_the_variance_table_is_of_shares_and_leaves_out_the_task():
    data = Drawn()
    text = findings._variance(data)
    assert text.startswith(
        "4 functions, 1 of them of the catalog, 2 tasks, 8 seeds:"
    )
    cells = [line.split("|")[1:3] for line in text.splitlines()[4:]]
    told = {name.strip(): float(share.strip(" %")) for name, share in cells}
    flat = data.values.swapaxes(1, 2).reshape(32, 2)
    ranks = np.stack([stats.rankdata(c) for c in flat.T], axis=1)
    ranks = ranks.reshape(4, 8, 2).swapaxes(1, 2) / 32
    expected = effects.variance_shares(ranks)
    assert told == {
        name: pytest.approx(100 * share, abs=0.051)
        for name, share in expected.items()
        if name != "task"
    }
    assert sum(told.values()) == pytest.approx(100, abs=0.3)


def test_too_few_runs_are_said():
    data = Drawn()
    data.repeated = lambda fewest: np.zeros(5, bool)
    data.completed = np.zeros((5, 2), bool)
    assert "No function completed on every" in findings._pareto(data)
    assert "No two functions have eight" in findings._variance(data)
