from experiments.compare import pairs, runs

HEADER = "config,dataset,activation,seed,test_accuracy,steps,seconds\n"


def found(path, lines):
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    return pairs.tables(runs.read([path]))


def test_runs_are_paired_by_setting_and_seed(tmp_path):
    lines = [
        f"a,{dataset},{activation},{seed},{accuracy},9,1"
        for dataset in ("cifar10", "cifar100")
        for seed in range(3)
        for activation, accuracy in (
            ("relu", 0.5),
            ("swish", 0.6),
            ("elu", (0.4, 0.5, 0.6)[seed]),
        )
    ]
    lines.append("a,cifar10,gelu,7,0.9,9,1")  # no ReLU has this seed
    lines.append("a,cifar10,swish,0,0.1,5,1")  # nor this number of steps
    everything, variants = found(tmp_path / "ours.csv", lines)
    swish, elu = (list(map(str, row)) for row in everything.rows)
    assert swish[:7] == ["Swish", "ReLU", "6", "6", "0", "0", "10.00"]
    assert elu[:7] == ["ELU", "ReLU", "6", "2", "2", "2", "0.00"]
    # Both sides: 2 / 2**6; twice that for the first of two lines.
    assert [row[7] for row in everything.rows] == [0.03125, 1]
    assert [row[8] for row in everything.rows] == [0.0625, 1]
    # Against ELU: 20, 10 and 0 points, twice; sides are 4 and 0.
    assert [row[:2] for row in variants.rows] == [
        ["Swish", "ReLU"],
        ["Swish", "ELU"],
    ]
    assert list(map(str, variants.rows[1][2:])) == [
        *("6", "4", "2", "0", "10.00", "0.125", "0.125"),
    ]
