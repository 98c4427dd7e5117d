import pytest

from experiments.compare import rates, runs

HEADER = (
    "config,dataset,activation,seed,test_accuracy,steps,seconds,"
    "learning_rate,validation_accuracy\n"
)


def read(path, *lines):
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    return runs.read([path])


def test_each_learning_rate_has_a_line_and_its_difference(tmp_path):
    found = read(
        tmp_path / "ours.csv",
        "a,cifar10,swish,0,0.50,9,1,0.1,0.51",
        "a,cifar10,swish,1,0.54,9,1,0.1,0.55",
        "a,cifar10,swish,0,0.53,9,1,0.05,0.56",
        "a,cifar10,swish,1,0.55,9,1,0.05,0.58",
        "a,cifar10,gelu,0,0.7,9,1,0.1,0.7",  # only one
    )
    (table,) = rates.tables(found)
    assert table.title == "Learning rates of a on CIFAR-10, 9 steps"
    large, small = (
        dict(zip(table.columns, map(str, row), strict=True))
        for row in table.rows
    )
    assert (large["learning_rate"], small["learning_rate"]) == ("0.1", "0.05")
    assert (large["validation"], small["validation"]) == ("53.00", "57.00")
    assert (large["median"], small["median"]) == ("52.00", "54.00")
    assert large["minus_largest"] == "None"
    # 3 and 1: Student's t with 1 degree of freedom is 12.706.
    assert small["minus_largest"] == "2.00"
    assert (small["minus_low"], small["minus_high"]) == ("-10.71", "14.71")


def test_runs_without_a_learning_rate_are_not_compared_by_it(tmp_path):
    found = read(
        tmp_path / "ours.csv",
        *(f"a,cifar10,relu,{seed},0.5,9,1,,0.5" for seed in range(3)),
    )
    with pytest.raises(ValueError, match="several learning rates"):
        rates.tables(found)


def test_without_several_learning_rates_there_is_no_table(tmp_path):
    found = read(tmp_path / "ours.csv", "a,cifar10,swish,0,0.5,9,1,0.1,0.5")
    with pytest.raises(ValueError, match="several learning rates"):
        rates.tables(found)
