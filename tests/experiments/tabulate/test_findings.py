"""What the pages say of a table, against SciPy and plain counting."""

import dataclasses
import itertools

import matplotlib.image
import numpy as np
import pytest
from scipy import stats

from actfn import bench
from experiments.tabulate import __main__ as tabulate
from experiments.tabulate import card, effects, findings, pages, pictures

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
    assert f"`toy` has {count - 1} of {count} functions" in text


def test_the_pages_are_those_of_the_package():
    for name, text in pages.texts(pages.current(), pages.DOCS).items():
        assert (pages.DOCS / name).read_text(encoding="utf-8") == text


def test_bad_input_of_pages_is_one_line_and_status_2(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        tabulate.main(["pages", "--table", str(tmp_path)])
    assert end.value.code == 2
    err = capsys.readouterr().err
    assert "gather DIR" in err and err.count("\n") == 1


class Drawn:
    """What the findings ask of a table, of four functions on two tasks.

    The last has too few runs to be compared.
    """

    tasks = ("one", "two")
    texts = ("sin(x)", "x", "exp(x)", "tanh(x)", "0 * x")

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


@pytest.mark.parametrize("table", [findings._pareto, findings._variance])
def test_who_has_more_seeds_is_not_compared_before_all_have_them(table):
    said = "To be said when all runs are there: of `two` 1,764 are missing.\n"
    assert table(Drawn(missing=1764)) == said


def test_the_variance_table_is_of_shares_and_leaves_out_the_task():
    data = Drawn()
    text = findings._variance(data)
    assert text.startswith("4 functions, 2 tasks, 8 seeds:")
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
    assert "No function has three runs" in findings._pareto(data)
    assert "No two functions have eight" in findings._variance(data)
