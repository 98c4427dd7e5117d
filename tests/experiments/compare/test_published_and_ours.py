import pytest

from experiments.compare import published_and_ours, runs

HEADER = "config,dataset,activation,seed,test_accuracy,steps,seconds\n"


def found(path, *lines):
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    return published_and_ours.tables(runs.read([path]))


def test_the_papers_numbers_stand_beside_ours(tmp_path):
    (table,) = found(
        tmp_path / "ours.csv",
        # ResNet-164 in the paper: 93.8, 94.5, 94.6, 93.0; ours in that order
        # but for one exchange of neighbours: 1 - 6 * 2 / (4 * 15) = 0.8.
        "mine,cifar10,relu,0,0.40,9,1",
        "mine,cifar10,swish,0,0.60,9,1",
        "mine,cifar10,softplus,0,0.50,9,1",
        "mine,cifar10,selu,0,0.30,9,1",
        "mine,cifar10,x + sin(x),0,0.20,9,1",
        "mine,fashion_mnist,relu,0,0.40,9,1",
    )
    assert table.columns[:3] == (
        "activation",
        "ours, mine",
        "paper, preact ResNet-164",
    )
    assert [str(cell) for cell in table.rows[0][:3]] == [
        *("Swish", "60.00", "94.5"),
    ]
    assert table.rows[-1][2:] == [None, None, None]
    assert "preact ResNet-164 0.80 (p = 0.200, 4 activations)" in table.note


def test_other_data_sets_have_nothing_beside_them(tmp_path):
    with pytest.raises(ValueError, match="a data set of the paper"):
        found(tmp_path / "ours.csv", "mine,fashion_mnist,relu,0,0.4,9,1")
