"""What the README shows works as it stands there."""

import pathlib
import re
import tomllib

import keras
import numpy as np
import pytest
import setuptools

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def data(rng):
    x = rng.normal(size=(80, 12)).astype("float32")
    return x, (np.abs(x).sum(axis=1) * 3).astype(int) % 10


def test_the_model_trains():
    namespace = {}
    exec(BLOCKS[0], namespace)
    x, y = data(np.random.default_rng(0))
    namespace["model"].fit(x, y, epochs=1, verbose=0)
    assert namespace["model"].layers[1].beta.shape == (64,)


def test_the_search_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, y = data(np.random.default_rng(0))
    namespace = {"x_train": x, "y_train": y}
    tiny = "trials=3, repeats=2, control=0, finalists=1"
    exec(BLOCKS[1].replace("trials=60", tiny), namespace)
    assert len(namespace["found"].trials) >= 3
    assert namespace["model"].compiled
    keras.backend.clear_session()


@pytest.mark.parametrize("command", ["make search", "make test"])
def test_the_two_commands_are_make_targets(command):
    assert command in README
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{command.split()[1]}: ", makefile, re.MULTILINE)


def test_ci_runs_the_readmes_test_command():
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_every_package_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    where = project["tool"]["setuptools"]["packages"]["find"]
    found = setuptools.find_packages(ROOT, **where)
    folders = {path.parent for path in (ROOT / "actfn").rglob("*.py")}
    expected = {".".join(f.relative_to(ROOT).parts) for f in folders}
    assert set(found) == expected
