"""What the page says, read by a parser of HTML."""

import dataclasses
import math
import re
import statistics
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy import stats

from actfn.search import report
from actfn.search.report import words
from tests.actfn.search.report import samples

VOID = {"meta", "link", "path", "use", "input", "br"}


class Page(HTMLParser):
    """Checks the nesting; keeps text, tags and attributes."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.words, self.problems = [], [], [], []
        self.feed(text)
        assert not self.stack and not self.problems

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if self.stack.pop() != tag:
            self.problems.append((tag, self.getpos()))

    def handle_data(self, data):
        if self.stack and self.stack[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def count(self, tag, **attributes):
        wanted = {name.strip("_"): v for name, v in attributes.items()}
        return sum(
            found == tag and wanted.items() <= given.items()
            for found, given in self.tags
        )


def page(**changes):
    return Page(report.render(samples.content(**changes)))


def test_the_verdict_comes_first_and_all_rows_are_there():
    content = samples.content()
    found = Page(report.render(content))
    assert found.text.index(content.verdict) < found.text.index("0.8716")
    rows = len(content.trials) + len(content.control) + len(content.confirmed)
    assert found.count("button", class_="open") == rows
    assert "x * sigmoid(beta * x)" in found.text
    assert "5 runs, 1 diverged" in found.text
    assert "dropped after 3 seeds" in found.text
    assert 'actfn.get("min(x, sin(x))")' in found.text
    assert content.note in found.text
    assert found.count("progress") == 0


def test_what_was_found_is_compared_with_each_known_function():
    content = samples.content()
    scores = {row.expression: row.scores for row in content.confirmed}
    found = np.array(scores["min(x, sin(x))"])
    said = words.found_and_known(content)
    for name in ("relu", "swish_1"):
        gains = found - np.array(scores[name])
        reach = stats.sem(gains) * stats.t.ppf(0.975, 4)
        mean = gains.mean()
        told = re.search(
            rf"{name} ([-+.\d]+) \(([-+.\d]+) to ([-+.\d]+)\)", said
        )
        assert [*map(float, told.groups())] == pytest.approx(
            [mean, mean - reach, mean + reach], abs=6e-5
        )
    assert said in Page(report.render(content)).text
    assert said in words.text(content)
    worse = samples.row("sin(x)", "candidate", found - 0.01 - found / 999)
    close = samples.row("tanh(x)", "candidate", found - [0, 1e-3, -1e-3, 0, 0])
    more = samples.content(confirmed=(*content.confirmed, worse, close))
    said = words.found_and_known(more)
    assert said.count("not told apart") == 1
    assert re.search(r"tanh\(x\) [^;]*, not told apart\)", said)
    assert not words.found_and_known(samples.running())


def test_each_id_is_there_once_and_each_reference_leads_somewhere():
    for text in (
        report.render(samples.content()),
        report.render(samples.running()),
    ):
        given = [a for _, a in Page(text).tags]
        ids = [a["id"] for a in given if "id" in a]
        assert len(ids) == len(set(ids))
        for name in ("aria-controls", "aria-labelledby", "for"):
            assert {a[name] for a in given if name in a} <= set(ids)
        links = {a[n] for a in given for n in ("href", "src") if n in a}
        assert links == {"data:,", "#frame"}
        assert not re.search(r"@import|url\(|fetch\(|XMLHttp", text)


def test_a_running_search_shows_how_far_it_is():
    content = samples.running()
    found = Page(report.render(content))
    assert found.count("progress", max="60", value="24") == 1
    assert "24 of 60, 3 min left" in found.text
    assert found.count("body", **{"data-running": None}) == 1
    top = max(
        (t for t in content.trials if t.status == "completed"),
        key=lambda t: t.reward,
    )
    assert f"Best so far: {top.expression}" in found.text
    assert "loss not finite at step 3" in found.text
    done = Page(report.render(samples.content()))
    assert done.count("body", **{"data-running": None}) == 0


def test_text_that_looks_like_html_is_only_text():
    evil = '<script>alert("&")</script>'
    trial = dataclasses.replace(
        samples.results(1)[0], expression=evil, message=evil, status="failed"
    )
    found = page(
        trials=[trial],
        verdict=evil,
        title=evil,
        setting=evil,
        command=evil,
        note=evil,
        confirmed=[samples.row(evil, "baseline", (1.0,))],
        values=[{evil: evil}],
    )
    assert found.count("script") == 1
    assert found.text.count(evil) >= 9
    assert "No picture" in found.text


def test_only_trained_functions_count():
    trials, control = samples.results(66, 1), samples.results(64, 2)
    trained = [
        [t for t in rows if t.status not in ("cached", "failed")]
        for rows in (trials, control)
    ]
    text = page(trials=trials, control=control).text
    for rows in trained:
        # What a policy is told of others is no reward.
        rewards = [t.reward for t in rows if t.status == "completed"]
        assert 0 < len(rewards) < len(rows)
        mean = statistics.fmean(rewards)
        told = f"{len(rewards)} of {len(rows)} completed, mean reward "
        told += f"{mean:.4f}; the best is {max(rewards):.4f}"
        assert told in text
    assert "no independent observations" in text
    assert "Mann-Whitney" not in text and "second half" not in text


@pytest.mark.parametrize(
    "changes",
    [
        {"trials": (), "control": (), "confirmed": ()},
        {"trials": (), "confirmed": (), "verdict": "", "phases": ()},
        {"trials": samples.results(1), "control": ()},
        {"confirmed": [samples.row("relu", "baseline", (math.nan,))]},
        {"confirmed": [samples.row("relu", "finalist", (0.5,), gain=0.0)]},
        {"confirmed": [samples.row("relu", "candidate", ())]},
        {"confirmed": [samples.row("relu", "baseline", (1e9, -1e9))]},
    ],
)
def test_little_or_strange_content(changes):
    content = samples.content(**changes)
    text = report.render(content)
    Page(text)
    assert not re.search(
        r"[\s\">]-?(nan|inf)[\s\"<%]", text.split("<script")[0]
    )
    assert content.title in report.text(content)


def test_all_diverged():
    trials = [
        dataclasses.replace(t, status="diverged", reward=-4.6)
        for t in samples.results(20)
    ]
    found = page(trials=trials, control=(), confirmed=())
    assert "none completed" in found.text
    assert "20 diverged" in found.text


def test_a_loss_is_shown_with_its_own_sign():
    rows = [
        samples.row("relu", "baseline", (-0.5, -0.75)),
        samples.row("tanh(x)", "candidate", (-0.25, -0.5), gain=0.25),
    ]
    content = samples.content(
        metric="val_loss", higher_is_better=False, confirmed=rows
    )
    found = Page(report.render(content)).text
    assert "val_loss: lower is better" in found
    assert "0.5000, 0.7500" in found and "0.3750" in found
    assert "+0.2500" in found
    told = report.text(content)
    lines = [line.split() for line in told.splitlines() if "runs" in line]
    assert [line[:3] for line in lines] == [
        ["tanh(x)", "0.3750", "+0.2500"],
        ["relu", "0.6250", "baseline,"],
    ]


def test_thousands_of_trials_stay_small():
    text = report.render(
        samples.content(trials=samples.results(2000, 3), control=())
    )
    assert len(text.encode()) < 3e6
    assert text.count('class="curve"') <= 105
    Page(text)


def test_the_columns_of_the_text_are_aligned():
    told = report.text(samples.content())
    board = [line for line in told.splitlines() if "runs" in line]
    means = ("0.8716", "0.8650", "0.8624", "0.8447", "0.8592")
    columns = {
        line.index(mean) for line, mean in zip(board, means, strict=True)
    }
    assert len(columns) == 1
    assert board[0].startswith("min(x, sin(x))")


def test_write_replaces_the_page_at_once(tmp_path):
    path = tmp_path / "page.html"
    report.write(path, samples.running())
    report.write(path, samples.content())
    assert path.read_text() == report.render(samples.content())
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
