import numpy as np
import pytest

pytest.importorskip("sentencepiece")
from experiments.datasets import sentences, tokens


@pytest.fixture(scope="module")
def pairs():
    return sentences.load("django_de_en").train


@pytest.fixture(scope="module")
def vocabulary(pairs):
    return tokens.Vocabulary(400, (text for pair in pairs for text in pair))


@pytest.fixture(scope="module")
def corpus(vocabulary, pairs):
    return tokens.Corpus(vocabulary, pairs, 256)


def test_known_text_comes_back(vocabulary, pairs):
    for text in ("Save as new", "Als neu sichern", "Größe"):
        (encoded,) = vocabulary.encode([text])
        assert vocabulary.decode(encoded) == text
        assert min(encoded) > tokens.END and max(encoded) < 400


def test_of_much_text_a_sample_is_learnt_that_is_always_the_same(
    pairs, monkeypatch
):
    """Else a run that goes on in another process has other tokens."""
    texts = [text for pair in pairs for text in pair]
    monkeypatch.setattr(tokens, "_SAMPLE", 300)
    found = tokens.Vocabulary(300, texts)
    drawn = np.random.default_rng(0).choice(len(texts), 300, replace=False)
    alone = tokens.Vocabulary(300, [texts[place] for place in sorted(drawn)])
    assert found.encode(texts) == alone.encode(texts)
    first = tokens.Vocabulary(300, texts[:300])
    assert first.encode(texts) != found.encode(texts)


def test_too_many_subwords_are_refused():
    with pytest.raises(ValueError, match="vocabulary should be a number"):
        tokens.Vocabulary(5000, ["too little text"])


def test_an_epoch_has_each_sentence_once_within_its_budget(corpus, pairs):
    batches = corpus.epoch(0, 0)
    assert len(batches) == corpus.batches_per_epoch
    seen = np.concatenate([positions for _, positions in batches])
    assert sorted(seen) == list(range(len(pairs)))
    assert all(width * len(rows) <= 256 for width, rows in batches)


def test_what_the_model_sees_is_the_result_one_token_later(corpus, pairs):
    inputs, result = corpus.batch(*corpus.epoch(0, 0)[0])
    target = inputs["target"]
    assert (target[:, 0] == tokens.START).all()
    for fed, wanted in zip(target, result, strict=True):
        length = int(np.flatnonzero(wanted == tokens.END)[0])
        np.testing.assert_array_equal(fed[1 : length + 1], wanted[:length])
        assert not fed[length + 1 :].any() and not wanted[length + 1 :].any()
    assert ((inputs["source"] == tokens.END).sum(axis=1) == 1).all()


def test_a_stream_goes_on_where_one_likes(corpus):
    start = corpus.batches_per_epoch + 3
    whole = corpus.stream(0, 5)
    for _ in range(start):
        next(whole)
    for (inputs, result), (others, same), _ in zip(
        whole, corpus.stream(start, 5), range(5), strict=False
    ):
        np.testing.assert_array_equal(result, same)
        np.testing.assert_array_equal(inputs["source"], others["source"])
