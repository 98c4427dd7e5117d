"""Runs the search program as a user does: in a process of its own."""

import csv
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
TINY = ["--steps", "8", "--finalists", "2", "--repeats", "2"]
TINY += ["--core-units", "1", "--seed", "5", "--policy", "ppo"]


def start(*words, program="experiments.search", **options):
    command = [sys.executable, "-m", program, *map(str, words)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run(*words, **options):
    process = start(*words, **options)
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def without_seconds(path):
    return [{k: v for k, v in r.items() if k != "seconds"} for r in rows(path)]


def wait_for_rows(folder, count, process):
    path = folder / "results.csv"
    while process.poll() is None:
        if path.exists():
            text = path.read_text()
            assert text.endswith("\n"), "half a line"
            if text.count("\n") > count:
                return
        time.sleep(0.02)
    raise AssertionError(process.communicate())
