import subprocess
import sys

from experiments.train import grid


def test_cells_are_all_combinations_one_seed_after_the_other():
    cells = grid.cells(["relu", "swish"], [0.1, 0.2], [3, 4])
    assert len(set(cells)) == 8
    assert [cell.seed for cell in cells] == [3] * 4 + [4] * 4


def test_folders_differ_although_their_texts_look_alike():
    activations = ["x * x", "x + x", "x", "relu", "max(x, 0)"]
    cells = grid.cells(activations, [0.1, 0.01], [0, 1])
    folders = {cell.folder("c") for cell in cells}
    assert len(folders) == len(cells)
    assert all("/" not in folder and " " not in folder for folder in folders)


def test_a_lock_is_for_one_and_free_again_when_its_holder_dies(tmp_path):
    path = tmp_path / "run" / "lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys, time; f = open(sys.argv[1], 'a'); "
            "fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); "
            "time.sleep(60)",
            str(path),
        ],
        stdout=subprocess.PIPE,
    )
    with grid.lock(path) as mine:
        assert mine
    assert holder.stdout.readline()
    with grid.lock(path) as mine:
        assert not mine
    holder.kill()
    holder.wait()
    with grid.lock(path) as mine:
        assert mine
