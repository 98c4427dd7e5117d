import pytest

from experiments.compare import ours, pairs, runs

HEADER = "config,dataset,activation,seed,test_accuracy,steps,seconds,bleu"


def table(path, *scores):
    rows = [
        f"wmt14_transformer_base,wmt14_de_en,{activation},0,,300000,9,{bleu}"
        for activation, bleu in scores
    ]
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def test_each_newstest_stands_beside_the_published_bleu(tmp_path):
    path = table(
        tmp_path / "bleu.csv",
        ("swish_1", "newstest2013=26.00 newstest2016=33.50"),
        ("relu", "newstest2013=25.50 newstest2016=33.60"),
    )
    found = runs.read([path])
    assert [run.metric for run in found] == ["BLEU"] * 4
    first, second = ours.summaries(found)
    (counts,) = ours.counts(found)
    # Test sets are no runs of their own.
    assert not any(table.rows for table in pairs.tables(found))
    assert first.title == (
        "12-layer Base Transformer on WMT14 En-De newstest2013, "
        "300000 steps: BLEU"
    )
    (best, other) = (
        dict(zip(second.columns, row, strict=True)) for row in second.rows
    )
    assert (best["activation"], str(best["published"])) == ("ReLU", "33.3")
    assert (other["activation"], str(other["published"])) == ("Swish-1", "34.0")
    # The model counts once, by the median of the two: 29.75 against 29.55.
    assert counts.rows[0][:5] == ("Swish-1", "ReLU", 1, 0, 0)


@pytest.mark.parametrize("text", ["26.1", "newstest2013=", "a=nan", "a=-1"])
def test_broken_bleu_is_named(tmp_path, text):
    path = table(tmp_path / "bleu.csv", ("relu", text))
    with pytest.raises(ValueError, match=r"line 2: bleu should be like"):
        runs.read([path])


def test_tiny_runs_of_two_configs_are_two(tmp_path):
    path = tmp_path / "tiny.csv"
    rows = [
        f"{dataset}_resnet164_tiny,fashion_mnist_subset,relu,0,0.5,40,9,"
        for dataset in ("cifar10", "cifar100")
    ]
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    assert len({run.model for run in runs.read([path])}) == 2
