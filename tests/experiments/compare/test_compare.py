import csv
import io
import re
import subprocess
import sys

import pytest

from experiments.compare import __main__ as compare

HEADER = "config,dataset,activation,seed,test_accuracy,steps,seconds"


def write(path, *lines, header=HEADER):
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_program_prints_the_recount_as_csv():
    """As a process of its own, without TensorFlow."""
    code = (
        "import sys; from experiments.compare import __main__ as compare; "
        "compare.main(['--published', '--format', 'csv']); "
        "assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    for number in range(1, 12):
        assert f"# Table {number}: " in done.stdout
    start = done.stdout.index("variant,baseline,better,equal,worse,p\n")
    rows = list(csv.DictReader(io.StringIO(done.stdout[start:])))[:14]
    counts = [",".join(row.values()) for row in rows]
    assert counts[0] == "Swish,ReLU,8,1,0,0.00390625"
    assert counts[13] == "Swish-1,GELU,8,1,0,0.00390625"


def test_output_goes_to_a_file(tmp_path, capsys):
    target = tmp_path / "tables.tex"
    compare.main(["--published", "--format", "latex", "--output", str(target)])
    text = target.read_text()
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 13
    assert capsys.readouterr().out == ""


def refusal(arguments, capsys):
    """Runs the program; returns the one line that it ends with."""
    with pytest.raises(SystemExit) as end:
        compare.main(arguments)
    assert end.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert re.fullmatch(r"[^\n]+\n", output.err)
    return output.err


@pytest.mark.parametrize(
    "arguments",
    [[], ["--format", "html", "--published"], ["--nothing"], ["/no/such.csv"]],
)
def test_bad_arguments(arguments, capsys):
    assert refusal(arguments, capsys)


def test_unwritable_output(tmp_path, capsys):
    arguments = ["--published", "--output", str(tmp_path)]
    assert str(tmp_path) in refusal(arguments, capsys)


@pytest.mark.parametrize(
    "broken",
    [
        "a,cifar10,relu,2,0.9\n",
        "a,cifar10,relu,2,0.9,9,1,extra\n",
        "a,cifar10,relu,2,0.9,9,1",
        'a,cifar10,"max(x, si\n',
        "a,cifar10,relu,two,0.9,9,1\n",
        "a,cifar10,relu,2,nan,9,1\n",
        "a,cifar10,relu,2,90,9,1\n",
        "a,cifar10,relu,2,0.9,9,inf\n",
        "a,cifar10,relu,1,0.8,9,1\n",
        "\n",
    ],
)
def test_broken_last_line_is_named(broken, tmp_path, capsys):
    path = write(tmp_path / "ours.csv", "a,cifar10,relu,1,0.9,9,1")
    with path.open("a") as file:
        file.write(broken)
    assert f"{path}, line 3: " in refusal([str(path)], capsys)


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"\xff\xfe", b"config\n"])
def test_not_a_results_file(content, tmp_path, capsys):
    path = tmp_path / "ours.csv"
    path.write_bytes(content)
    assert str(path) in refusal([str(path)], capsys)


def test_file_without_runs(tmp_path, capsys):
    path = write(tmp_path / "ours.csv")
    assert "at least one run" in refusal([str(path)], capsys)


def test_learning_rate_is_not_chosen_on_test(tmp_path, capsys):
    path = write(
        tmp_path / "ours.csv",
        "a,cifar10,relu,1,0.90,9,1,0.1",
        "a,cifar10,relu,1,0.80,9,1,0.2",
        header=f"{HEADER},learning_rate",
    )
    assert "validation_accuracy" in refusal([str(path)], capsys)


def test_only_the_tables_asked_for(tmp_path, capsys):
    path = write(
        tmp_path / "ours.csv",
        "a,cifar10,relu,1,0.90,9,1",
        "a,cifar10,swish,1,0.80,9,1",
    )
    compare.main([str(path), "--tables", "beside", "pairs"])
    titles = re.findall("^### (.*)", capsys.readouterr().out, re.MULTILINE)
    assert [title.split()[0] for title in titles] == [
        *("CIFAR-10:", "All", "Swish"),
    ]


def test_a_page_is_made_anew_in_place(tmp_path, monkeypatch, capsys):
    write(tmp_path / "ours.csv", "a,cifar10,relu,1,0.90,9,1")
    page = tmp_path / "page.md"
    begin = "<!-- compare ours.csv --tables summary -->"
    page.write_text(f"# Page\n\n{begin}\nold\n<!-- end -->\n")
    monkeypatch.chdir(tmp_path)
    compare.main(["--page", "page.md"])
    made = page.read_text()
    assert "| ReLU | - | 1 | 90.00 |" in made and "old" not in made
    page.write_text("no table")
    assert "<!-- compare" in refusal(["--page", "page.md"], capsys)
    assert page.read_text() == "no table"
