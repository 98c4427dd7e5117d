import pytest

from experiments.compare import depths, runs

HEADER = "config,dataset,activation,seed,test_accuracy,steps,seconds,status\n"


def read(path, *lines):
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    return runs.read([path])


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("resnet20", ("resnetN", 20)),
        ("preact ResNet-164", ("preact ResNet-N", 164)),
        ("cifar10_resnet164_tiny", ("cifar10_resnetN_tiny", 164)),
        ("resnet20+batch_size=64", ("resnetN+batch_size=64", 20)),
        ("a1+model=resnet8", ("a1+model=resnetN", 8)),
        ("a+model=b7+steps=9", ("a+model=bN+steps=9", 7)),
        ("a7+model=mobilenet", None),
        ("mine", None),
    ],
)
def test_the_depth_is_that_of_what_was_trained(model, expected):
    assert depths.family(model) == expected


def test_each_depth_has_lines_and_differences_of_its_own(tmp_path):
    found = read(
        tmp_path / "ours.csv",
        "a20,cifar10,relu,0,0.50,9,60,completed",
        "a20,cifar10,relu,1,0.54,9,30,completed",
        "a20,cifar10,swish,0,0.53,9,20,completed",
        "a20,cifar10,swish,1,0.55,9,10,completed",
        "a8,cifar10,swish,0,0.40,9,1,diverged",
        "a8,fashion_mnist,swish,0,0.40,9,1,completed",
        "b,cifar10,swish,0,0.40,9,1,completed",
    )
    table, other = depths.tables(found)
    assert table.title == "aN on CIFAR-10, 9 steps: test accuracy (%)"
    assert other.title.startswith("aN on fashion_mnist")
    assert [row[:2] for row in table.rows] == [
        *([8, "Swish"], [20, "ReLU"], [20, "Swish"]),
    ]
    shallow, relu, swish = (
        dict(zip(table.columns, map(str, row), strict=True))
        for row in table.rows
    )
    assert shallow["minus_relu"] == relu["minus_relu"] == "None"
    assert relu["median"] == "52.00"
    assert "seconds" not in table.columns  # of a machine that did other things
    # 3 and 1: Student's t with 1 degree of freedom is 12.706.
    assert [swish[f"minus_{end}"] for end in ("relu", "low", "high")] == [
        *("2.00", "-10.71", "14.71"),
    ]
    assert "5 runs." in table.note and "minutes" not in table.note
    assert table.note.endswith("Diverged, thus never right: 1 of Swish.")


def test_models_without_a_depth_are_named(tmp_path):
    found = read(tmp_path / "ours.csv", "b,cifar10,swish,0,0.4,9,1,completed")
    with pytest.raises(ValueError, match=r"their depth\. Received: b$"):
        depths.tables(found)
