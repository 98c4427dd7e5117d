import numpy as np
import pytest

from actfn import analysis
from experiments.compare import charts
from experiments.figures import __main__ as figures
from experiments.figures import drawing
from experiments.train import config, session, trained
from experiments.train.run import Run

RECIPE = """
dataset = "fashion_mnist_subset"
preprocessing = "cifar"
model = "resnet8"
model_options = { width = 4 }
batch_size = 16
steps = 6
optimizer = "sgd"
schedule = "drops"
learning_rates = [0.1]
drops = [0.5]
evaluation_limit = 20
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "fashion_mnist_resnet8.toml"
    path.write_text(RECIPE)
    recipe = config.load(str(path))
    task = session.make_task(recipe)
    Run(task, recipe, "swish", 0.1, 0, path.parent / "run").train()
    return path.parent / "run"


def lines(axes):
    return {line.get_label(): line.get_xydata() for line in axes.get_lines()}


def test_swish_and_its_derivative_for_several_betas():
    left, right = drawing.functions(["swish", "relu"], [1.0, 5.0]).axes
    values, slopes = lines(left), lines(right)
    assert set(values) == {"swish, β=1", "swish, β=5", "relu"}
    x = values["relu"][:, 0]
    for beta in (1, 5):
        s = 1 / (1 + np.exp(-beta * x))
        name = f"swish, β={beta}"
        np.testing.assert_allclose(values[name][:, 1], x * s, atol=1e-5)
        expected = beta * x * s + s * (1 - beta * x * s)
        np.testing.assert_allclose(slopes[name][:, 1], expected, atol=1e-5)


def test_the_best_functions_of_a_search_come_first(tmp_path):
    (tmp_path / "results.csv").write_text(
        "expression,reward,status\n"
        '"max(x, 0)",0.5,completed\nsin(x),0.9,completed\n'
        '"mix(sin(x), x, beta)",0.8,completed\n'
        "x * x,nan,diverged\nx,0.95,cached\n"
    )
    panels = drawing.best_of_search(tmp_path, 2).axes
    assert [panel.get_title() for panel in panels[:2]] == [
        "sin(x)\n0.9", "max(x, 0)\n0.5",
    ]  # fmt: skip
    grey, value, slope = (line.get_xydata() for line in panels[0].get_lines())
    x = value[:, 0]
    np.testing.assert_allclose(grey[:, 1], np.maximum(x, 0))
    np.testing.assert_allclose(value[:, 1], np.sin(x), atol=1e-6)
    np.testing.assert_allclose(slope[:, 1], np.cos(x), atol=1e-6)
    (tmp_path / "results.csv").write_text("expression,reward,status\n")
    with pytest.raises(ValueError, match="trained function"):
        drawing.best_of_search(tmp_path)


def test_a_trained_run_is_read_back(folder):
    run = trained.load(folder)
    assert (run.activation, run.config.drops) == ("swish", (0.5,))
    betas = analysis.trained_betas(run.model).values()
    assert len(betas) == run.model.activation_sites
    assert np.ptp(np.concatenate(list(betas))) > 0
    weights = [v.numpy() for v in run.model.variables]
    again = [v.numpy() for v in trained.load(folder).model.variables]
    assert all(map(np.array_equal, weights, again))


def test_trained_values_are_drawn(folder):
    left, right = drawing.trained_values(folder).axes
    assert left.get_title().endswith("between -5 and 0")
    betas = analysis.trained_betas(trained.load(folder).model).values()
    drawn = sum(patch.get_height() for patch in right.patches)
    assert drawn == sum(map(len, betas)) > 0


def test_training_curves_are_drawn(folder):
    (axes,) = drawing.training([folder, folder]).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "swish"
    ]
    assert axes.get_lines()[0].get_xdata()[-1] == 6


HEADER = "config,dataset,activation,seed,test_accuracy,steps,seconds\n"
WITH_STATUS = HEADER.replace("\n", ",status\n")


def test_depth_against_accuracy(tmp_path):
    path = tmp_path / "results.csv"
    name = "cifar10_resnet164+model=resnet"
    path.write_text(
        HEADER + f"{name}20,cifar10,swish,0,0.5,9,1\n"
        f"{name}20,cifar10,swish,1,0.7,9,1\n"
        f"{name}8,cifar10,swish,0,0.4,9,1\n"
        f"{name}8,cifar10,relu,0,0.3,9,1\n"
        "cifar10_resnet164,cifar10,swish,0,0.8,9,1\n"
    )
    family, other = charts.depth([path]).axes
    drawn = lines(family)
    np.testing.assert_allclose(drawn["Swish"], [[8, 40], [20, 60]])
    np.testing.assert_allclose(drawn["ReLU"], [[8, 30]])
    assert family.get_title().startswith("resnet164+model=resnetN\n")
    np.testing.assert_allclose(lines(other)["Swish"], [[164, 80]])


def test_differences_are_drawn_of_pairs(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text(
        f"{WITH_STATUS}"
        "a,cifar10,relu,0,0.5,9,1,completed\n"
        "a,cifar10,relu,1,0.6,9,1,completed\n"
        "a,cifar10,swish,0,0.6,9,1,completed\n"
        "a,cifar10,swish,1,0.64,9,1,completed\n"
        "a,cifar10,elu,1,0.5,9,1,completed\n"
        "a,cifar10,selu,0,0.0,9,1,diverged\n"
        "b,cifar10,swish,0,0.5,9,1,completed\n"
    )
    (axes,) = charts.differences([path]).axes
    assert axes.get_xlabel().endswith("diverged: SELU")
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["ELU", "Swish"]
    first, _, dots, mean, interval, _ = axes.get_lines()
    np.testing.assert_allclose(first.get_xydata(), [[-10, 0]])
    np.testing.assert_allclose(dots.get_xydata(), [[10, 1], [4, 1]])
    np.testing.assert_allclose(mean.get_xydata(), [[7, 1]])
    # Student's t with 1 degree of freedom: 12.706 * 3.
    np.testing.assert_allclose(
        interval.get_xdata(), [7 - 38.12, 7 + 38.12], atol=0.005
    )


def test_there_is_no_difference_to_a_relu_that_diverged(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text(
        f"{WITH_STATUS}"
        "a,cifar10,relu,0,0.0,9,1,diverged\n"
        "a,cifar10,relu,1,0.6,9,1,completed\n"
        "a,cifar10,swish,0,0.81,9,1,completed\n"
        "a,cifar10,swish,1,0.64,9,1,completed\n"
    )
    (axes,) = charts.differences([path]).axes
    assert axes.get_xlabel().endswith("diverged: pairs of a ReLU")
    dots = axes.get_lines()[1]
    np.testing.assert_allclose(dots.get_xydata(), [[4, 0]])


def failure(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        figures.main([*map(str, arguments), "--output", "unused.png"])
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    return message


def test_wrong_input_ends_with_one_line(tmp_path, capsys):
    message = failure(capsys, "functions", "--activation", "swosh")
    assert "swish" in message
    assert "folder should be" in failure(capsys, "training", tmp_path)
    assert "folder should be" in failure(capsys, "trained", tmp_path)
    path = tmp_path / "results.csv"
    path.write_text(HEADER + "mine,cifar10,swish,0,0.5,9,1\n")
    assert "end with their depth" in failure(capsys, "depth", path)
    assert "should hold ReLU" in failure(capsys, "differences", path)
    assert "must be of a search" in failure(capsys, "search", tmp_path)


def test_a_figure_is_written(tmp_path):
    path = tmp_path / "f.png"
    figures.main(["functions", "--activation", "gelu", "--output", str(path)])
    assert path.read_bytes().startswith(b"\x89PNG")
