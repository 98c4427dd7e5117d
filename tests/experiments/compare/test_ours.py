import pytest

from experiments.compare import ours, runs

HEADER = "config,dataset,activation,seed,test_accuracy,steps,seconds"


def write(path, *lines, header=HEADER):
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("relu", "ReLU"),
        ("max(x, 0)", "ReLU"),
        ("silu", "Swish-1"),
        ("x*sigmoid(beta*x)", "Swish"),
        ("prelu", "PReLU"),
        ("elu", "ELU"),
        ("celu", "celu"),
        ("atan(x)**2 - x", "(atan(x))^2-x"),
        ("x + sin(x)", "x + sin(x)"),
        ("my own", "my own"),
    ],
)
def test_activation_labels(text, label):
    assert runs.activation_label(text) == label


def test_prelu_formula_starts_elsewhere():
    text = "max(x, 0) + beta * min(x, 0)"
    assert runs.activation_label(text) == text


def summary_of(path):
    found = runs.read([path])
    (table,), (counts,) = ours.summaries(found), ours.counts(found)
    return (
        {
            row[0]: dict(zip(table.columns, row, strict=True))
            for row in (table.rows)
        },
        table,
        counts,
    )


def test_summary_of_our_runs(tmp_path):
    path = write(
        tmp_path / "ours.csv",
        "cifar10_resnet164,cifar10,relu,1,0.91,200,10",
        "cifar10_resnet164,cifar10,relu,2,0.92,200,30",
        "cifar10_resnet164,cifar10,relu,3,0.93,200,20",
        "cifar10_resnet164,cifar10,swish,3,0.95,200,20",
        "cifar10_resnet164,cifar10,swish,1,0.93,200,20",
        'cifar10_resnet164,cifar10,"max(x, sin(x))",7,0.5,200,20',
    )
    rows, table, counts = summary_of(path)
    assert table.note.endswith("6 runs, 2 minutes in all.")
    assert table.title.startswith("preact ResNet-164 on CIFAR-10, 200 steps")
    assert list(rows) == ["Swish", "ReLU", "max(x, sin(x))"]
    relu = {key: str(value) for key, value in rows["ReLU"].items()}
    assert (relu["runs"], relu["median"], relu["seconds"]) == (
        "3",
        "92.00",
        "20",
    )
    # Student's t with 2 degrees of freedom: 4.3027 / sqrt(3) = 2.4842
    assert (relu["low"], relu["high"]) == ("89.52", "94.48")
    assert relu["published"] == "93.8"
    assert relu["minus_relu"] == "None"
    assert str(rows["Swish"]["minus_relu"]) == "2.00"  # seeds 1 and 3
    assert rows["max(x, sin(x))"]["minus_relu"] is None
    assert rows["max(x, sin(x))"]["low"] is None
    assert rows["max(x, sin(x))"]["published"] is None
    assert list(counts.rows) == [
        ("Swish", "ReLU", 1, 0, 0, 0.5),
        ("max(x, sin(x))", "ReLU", 0, 0, 1, 1.0),
    ]


def test_counting_rule_on_our_runs(tmp_path):
    """Medians over data sets; the longest training; ties as printed."""
    path = write(
        tmp_path / "ours.csv",
        "a,cifar10,relu,1,0.90,9,1",
        "a,cifar100,relu,1,0.50,9,1",
        "a,cifar10,swish,1,0.94,9,1",
        "a,cifar100,swish,1,0.48,9,1",  # 71 against 70: better
        "b,cifar10,relu,1,0.9001,9,1",
        "b,cifar10,swish,1,0.8998,9,1",  # both print 90.0: equal
        "c,cifar10,relu,1,0.8,9,1",
        "c,cifar10,swish,1,0.9,5,1",  # a shorter training
        "c,cifar10,swish,1,0.7,9,1",
    )
    (counts,) = ours.counts(runs.read([path]))
    assert list(counts.rows) == [("Swish", "ReLU", 1, 1, 1, 0.75)]


def test_learning_rate_is_chosen_on_validation(tmp_path):
    header = f"{HEADER},learning_rate,validation_accuracy,provenance"
    path = write(
        tmp_path / "ours.csv",
        "a,cifar10,relu,1,0.90,9,1,0.1,0.5,re-encoded",
        "a,cifar10,relu,1,0.80,9,1,0.2,0.6,re-encoded",
        header=header,
    )
    rows, table, _ = summary_of(path)
    assert rows["ReLU"]["learning_rate"] == "0.2"
    assert str(rows["ReLU"]["median"]) == "80.00"
    assert table.note.endswith("Data: re-encoded.")


def test_diverged_runs_are_named(tmp_path):
    path = write(
        tmp_path / "ours.csv",
        "a,cifar10,relu,1,0.90,9,1,completed",
        "a,cifar10,elu,1,0.0,9,1,diverged",
        "a,cifar10,elu,2,0.8,9,1,completed",
        header=f"{HEADER},status",
    )
    _, table, _ = summary_of(path)
    assert table.note.endswith("Diverged, thus never right: 1 of ELU.")
