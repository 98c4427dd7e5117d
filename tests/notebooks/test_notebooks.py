import ast
import pathlib
import re

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

FOLDER = pathlib.Path(__file__).parents[2] / "notebooks"
PAGES = FOLDER.parent / "docs" / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def read(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_three():
    assert len(NAMES) == 3


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_define_nothing_and_hold_no_outputs(name):
    notebook = read(name)
    nbformat.validate(notebook)
    for cell in code(notebook):
        assert not cell.outputs and cell.execution_count is None
        lines = cell.source.splitlines()
        plain = "\n".join(line for line in lines if not line.startswith("%"))
        defined = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
        found = [
            n for n in ast.walk(ast.parse(plain)) if isinstance(n, defined)
        ]
        assert not found, cell.source


@pytest.mark.parametrize("name", NAMES)
def test_the_rendered_copy_is_of_this_notebook(name):
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    for cell in read(name).cells:
        assert cell.source in text
    images = re.findall(r"!\[png\]\((.+?)\)", text)
    assert images and all((PAGES / image).exists() for image in images)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_notebooks_run_from_a_clean_state(name):
    notebook = read(name)
    client = nbclient.NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute()
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert "image/png" in kinds
