"""Translation from English to German."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

import models
from experiments.datasets import sentences, tokens
from experiments.train.config import Config
from experiments.train.task import Activation
from models.decoding import Translator


class TranslationTask:
    """See `experiments.train.task.Task`.

    Sentences of more than 256 tokens are left out of the training.

    Args:
        config: With the preprocessing "tokens".
        data_dir: TFDS folder, see `experiments.datasets.load`.

    Raises:
        ValueError: If the data are not there, or too few for the vocabulary.
    """

    def __init__(self, config: Config, data_dir: str | None = None) -> None:
        self._config = config
        self._pairs = sentences.load(
            config.dataset, data_dir, config.validation
        )
        self.provenance = self._pairs.provenance
        self._vocabulary = tokens.Vocabulary(
            config.vocabulary,
            (text for pair in self._pairs.train for text in pair),
        )
        self._train, self._validation = (
            tokens.Corpus(self._vocabulary, pairs, config.batch_size)
            for pairs in (self._pairs.train, self._pairs.validation)
        )
        self.examples = self._train.batches_per_epoch * config.batch_size

    def build(self, activation: Activation) -> keras.Model:
        """See `Task`."""
        return models.build(
            self._config.model,
            activation=activation,
            vocabulary=self._config.vocabulary,
            **self._config.model_options,
        )

    def batches(self, start: int, seed: int) -> tf.data.Dataset:
        """See `Task`."""
        rows = tf.TensorSpec((None, None), tf.int32)
        return tf.data.Dataset.from_generator(
            lambda: self._train.stream(start, seed),
            output_signature=({"source": rows, "target": rows}, rows),
        )

    def loss(self, outputs: Any, targets: tf.Tensor) -> tf.Tensor:
        """Returns the mean cross-entropy of a token.

        Of several replicas the mean over theirs is that of all tokens, however
        many each has; one of a small batch may have none.
        """
        losses = keras.losses.categorical_crossentropy(
            tf.one_hot(targets, outputs.shape[-1]),
            tf.cast(outputs, tf.float32),
            from_logits=True,
            label_smoothing=self._config.label_smoothing,
        )
        real = tf.cast(targets != tokens.PADDING, tf.float32)
        count = tf.reduce_sum(real)
        replica = tf.distribute.get_replica_context()
        if replica.num_replicas_in_sync > 1:
            count = replica.all_reduce("MEAN", count)
        return tf.reduce_sum(losses * real) / count

    def evaluate(self, model: keras.Model, split: str) -> dict[str, float]:
        """Returns the share of right tokens, or the BLEU of each test set.

        On "validation" each token is predicted after the true ones before it.
        On "test" sentences are translated by beam search, and BLEU is
        sacrebleu's, of texts that are tokenised by it alone.
        """
        if split == "validation":
            return self._token_accuracy(model)
        translator = Translator(model, tokens.START, tokens.END)
        return {
            f"bleu_{name}": self._bleu(translator, pairs)
            for name, pairs in self._pairs.tests.items()
        }

    def _token_accuracy(self, model: keras.Model) -> dict[str, float]:
        @tf.function(autograph=False, reduce_retracing=True)
        def hits(inputs: dict, targets: tf.Tensor) -> tf.Tensor:
            logits = model(inputs, training=False)
            guesses = tf.argmax(logits, -1, tf.int32)
            finite = tf.reduce_all(tf.math.is_finite(logits), axis=-1)
            right = (guesses == targets) & finite
            return right[targets != tokens.PADDING]

        corpus = self._validation
        found = [
            hits(*tf.nest.map_structure(tf.constant, corpus.batch(*batch)))
            for batch in corpus.epoch(0, 0)
        ]
        if not found:
            return {}
        return {"validation_accuracy": float(np.mean(np.concatenate(found)))}

    def _bleu(self, translator: Translator, pairs: list) -> float:
        import sacrebleu

        pairs = pairs[: self._config.evaluation_limit or None]
        sources = self._vocabulary.encode([pair[0] for pair in pairs])
        guesses = [
            self._vocabulary.decode(translator([*source, tokens.END]))
            for source in sources
        ]
        references = [pair[1] for pair in pairs]
        return float(sacrebleu.corpus_bleu(guesses, [references]).score)
