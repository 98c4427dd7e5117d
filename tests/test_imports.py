"""Imports point one way; the layers of the house hold."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
# What each room of the library may import from the library.
VALUES = {"expressions", "spaces"}
ALLOWED = {
    "expressions": {"expressions"},
    "spaces": VALUES,
    "layers": {"expressions", "layers"},
    "catalog": {"expressions", "layers", "catalog"},
    "surgery": {"expressions", "layers", "catalog", "surgery"},
    "analysis": VALUES | {"layers", "catalog", "analysis"},
    "bench": VALUES | {"catalog", "analysis", "bench"},
    "export": {"expressions", "layers", "export"},
    "search": VALUES | {"layers", "catalog", "surgery", "analysis", "search"},
    "cli": set(),
    "command_line": VALUES
    | {"catalog", "analysis", "search", "cli", "command_line"},
    "__main__": {"cli"},
}


def imports(path: pathlib.Path):
    """Yields the dotted names that a file imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(path: pathlib.Path):
    known = {p.stem for p in (ROOT / "actfn").glob("*")}
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "actfn":
            inside = len(parts) > 1 and parts[1] in known
            yield "actfn", parts[1] if inside else "__init__"
        elif parts[0] in ("models", "experiments"):
            yield parts[0], None


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "actfn").rglob("*.py")),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_library_imports_downwards(path):
    room = path.relative_to(ROOT / "actfn").parts[0].removesuffix(".py")
    if room == "__init__":
        return
    for package, module in ours(path):
        assert package == "actfn", f"{path} imports {package}"
        assert module in ALLOWED[room], f"{path} imports actfn.{module}"


# Within `search`: who may not know of whom. The session is above them all.
FORBIDDEN = {
    "policies": ("books", "executors", "report", "oracle", "session"),
    "books": ("executors", "report", "oracle", "session"),
    "executors": ("policies", "books", "report", "oracle", "session"),
    "report": ("policies", "executors", "oracle", "session"),
}


@pytest.mark.parametrize("room", FORBIDDEN)
def test_the_rooms_of_search_do_not_know_each_other(room):
    for path in (ROOT / "actfn" / "search" / room).rglob("*.py"):
        for name in imports(path):
            for other in FORBIDDEN[room]:
                assert not name.startswith(f"actfn.search.{other}"), path


def test_policies_and_books_see_no_models():
    for room in ("policies", "books"):
        for path in (ROOT / "actfn" / "search" / room).rglob("*.py"):
            if "controller" not in path.parts:  # it is a network itself
                for name in imports(path):
                    assert name.split(".")[0] not in ("keras", "keras_tuner")


# Benchmarks and figures look at what other programs have trained.
KNOWN = {
    ("benchmark", "train"),
    ("benchmark", "search"),
    ("figures", "train"),
    ("figures", "compare"),
}


def test_programs_do_not_import_each_other():
    mains = (ROOT / "experiments").glob("*/__main__.py")
    programs = {path.parent.name for path in mains}
    for program in programs:
        for path in (ROOT / "experiments" / program).rglob("*.py"):
            for name in imports(path):
                parts = name.split(".")
                if parts[0] == "experiments" and parts[1] in programs:
                    known = (program, parts[1]) in KNOWN
                    assert parts[1] == program or known, f"{path}: {name}"


def test_models_import_surgery_alone():
    for path in (ROOT / "models").rglob("*.py"):
        for package, module in ours(path):
            assert package == "models" or module == "surgery", path


def test_nothing_imports_experiments():
    for package in ("actfn", "models"):
        for path in (ROOT / package).rglob("*.py"):
            assert not any(name == "experiments" for name, _ in ours(path))
