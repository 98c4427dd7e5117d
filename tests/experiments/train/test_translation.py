import numpy as np
import pytest
import tensorflow as tf

from experiments.datasets import sentences, tokens
from experiments.train import config, session


def make(**changes):
    changes |= {"batch_size": 256}
    return session.make_task(
        config.load("wmt14_transformer_base", tiny=True, changes=changes)
    )


@pytest.fixture(scope="module")
def task():
    return make()


def test_the_loss_smooths_labels_and_leaves_out_padding():
    loss = make(label_smoothing=0.3).loss
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 4, 7))
    targets = np.array([[5, 4, 3, tokens.PADDING], [6, 3, *[0, 0]]])
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    soft = np.eye(7)[targets] * 0.7 + 0.3 / 7
    losses = -(soft * logs).sum(axis=-1)
    expected = losses[targets != tokens.PADDING].mean()
    found = loss(tf.constant(logits, tf.float32), tf.constant(targets))
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_batches_are_pairs_of_the_training_split(task):
    pairs = sentences.load("django_de_en", validation=0.1)
    inputs, targets = next(iter(task.batches(0, 0)))
    assert inputs["source"].shape == targets.shape
    assert targets.shape[0] <= 256 // targets.shape[1]
    vocabulary = task._vocabulary

    def texts(rows):
        return [
            vocabulary.decode([t for t in row if t > tokens.END])
            for row in rows.numpy()
        ]

    # SentencePiece writes some characters in another way.
    known = {
        tuple(map(vocabulary.decode, vocabulary.encode(pair)))
        for pair in pairs.train
    }
    found = list(zip(texts(inputs["source"]), texts(targets), strict=True))
    assert len(found) > 3
    assert set(found) <= known


def test_a_token_is_predicted_after_the_true_ones(task):
    """A model that copies what it is fed is right where tokens repeat."""

    def copying(inputs, training):
        assert not training
        return tf.one_hot(inputs["target"], 800)

    repeated = total = 0
    pairs = sentences.load("django_de_en", validation=0.1).validation
    for row in task._vocabulary.encode([german for _, german in pairs]):
        row = [*row, tokens.END]
        if len(row) > tokens.LENGTHS[-1]:
            continue
        total += len(row)
        fed = [tokens.START, *row[:-1]]
        repeated += sum(a == b for a, b in zip(row, fed, strict=True))
    scores = task.evaluate(copying, "validation")
    assert scores == {"validation_accuracy": pytest.approx(repeated / total)}


def test_the_test_set_is_translated(task, monkeypatch):
    """A translator that knows the answers has a BLEU of 100."""
    (pairs,) = sentences.load("django_de_en").tests.values()
    encode = task._vocabulary.encode
    answers = {
        (*source, tokens.END): target
        for source, target in zip(
            *(encode(texts) for texts in zip(*pairs[:20], strict=True)),
            strict=True,
        )
    }

    def translator(model, start, end):
        assert (start, end) == (tokens.START, tokens.END)
        return lambda source: answers[tuple(source)]

    monkeypatch.setattr("experiments.train.translation.Translator", translator)
    scores = task.evaluate(None, "test")
    assert scores == {"bleu_django_de_en": pytest.approx(100, abs=3)}
