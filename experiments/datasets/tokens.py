"""Subwords, and batches of sentences by their number of tokens."""

import dataclasses
import io
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from experiments.datasets.sentences import Pair

PADDING, UNKNOWN, START, END = range(4)
# A batch is padded to the next of these; longer sentences are left out.
LENGTHS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
_SAMPLE = 2_000_000
_CHUNK = 100_000


class Vocabulary:
    """Byte-pair subwords that English and German share, by SentencePiece.

    Args:
        size: Number of tokens; the first four are padding, unknown, start and
            end.
        sentences: Text to learn from; of more than two million sentences
            that many, drawn at random, the same in each process.

    Raises:
        ValueError: If the text is too small for that many tokens.

    Source: Sennrich et al., arXiv:1508.07909; Kudo and Richardson,
    arXiv:1808.06226.
    """

    def __init__(self, size: int, sentences: Iterable[str]) -> None:
        import sentencepiece

        sentences = [*sentences]
        if len(sentences) > _SAMPLE:
            # SentencePiece's own sample is another one in each process.
            drawn = np.random.default_rng(0).choice(
                len(sentences), _SAMPLE, replace=False
            )
            sentences = [sentences[place] for place in np.sort(drawn)]
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(sentences),
                model_writer=model,
                model_type="bpe",
                vocab_size=size,
                character_coverage=1.0,
                pad_id=PADDING,
                unk_id=UNKNOWN,
                bos_id=START,
                eos_id=END,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise ValueError(
                "vocabulary should be a number of subwords that the text has. "
                f"Received: {size} ({' '.join(str(error).split())})"
            ) from None
        self._processor = sentencepiece.SentencePieceProcessor(
            model_proto=model.getvalue()
        )
        self.size = size

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the tokens of each text, without start and end."""
        return self._processor.encode(list(texts))

    def decode(self, tokens: Sequence[int]) -> str:
        """Returns the text of tokens."""
        return self._processor.decode([int(token) for token in tokens])


@dataclasses.dataclass(frozen=True, eq=False)
class Tokens:
    """Sentences end to end.

    Attributes:
        values: uint16 or uint32 tokens of all sentences, shape (tokens,).
        starts: Where each begins, and the end, shape (sentences + 1,).
    """

    values: np.ndarray
    starts: np.ndarray

    @classmethod
    def encode(cls, vocabulary: Vocabulary, texts: Sequence[str]) -> "Tokens":
        """Encodes texts, each followed by the end token."""
        kind = np.uint16 if vocabulary.size <= 2**16 else np.uint32
        values, lengths = [np.empty(0, kind)], [0]
        for start in range(0, len(texts), _CHUNK):
            encoded = vocabulary.encode(texts[start : start + _CHUNK])
            lengths += [len(tokens) + 1 for tokens in encoded]
            ended = [token for tokens in encoded for token in (*tokens, END)]
            values.append(np.array(ended, kind))
        return cls(np.concatenate(values), np.cumsum(lengths))

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each sentence."""
        return np.diff(self.starts)

    def rows(self, positions: np.ndarray, width: int) -> np.ndarray:
        """Returns chosen sentences, padded: int32 (positions, width)."""
        rows = np.full((len(positions), width), PADDING, np.int32)
        for row, position in zip(rows, positions, strict=True):
            begin, end = self.starts[position : position + 2]
            row[: end - begin] = self.values[begin:end]
        return rows


class Corpus:
    """Encoded sentence pairs, cut into batches of similar length.

    Args:
        vocabulary: Of both languages.
        pairs: English and German sentences.
        batch_tokens: Tokens of the source, and of the target, in a batch with
            its padding.
    """

    def __init__(
        self, vocabulary: Vocabulary, pairs: Sequence[Pair], batch_tokens: int
    ) -> None:
        self._source = Tokens.encode(vocabulary, [pair[0] for pair in pairs])
        self._target = Tokens.encode(vocabulary, [pair[1] for pair in pairs])
        longer = np.maximum(self._source.lengths, self._target.lengths)
        bucket = np.searchsorted(LENGTHS, longer)
        self._buckets = [
            (width, max(1, batch_tokens // width), members)
            for number, width in enumerate(LENGTHS)
            if len(members := np.flatnonzero(bucket == number))
        ]
        self.batches_per_epoch = sum(
            -(-len(members) // rows) for _, rows, members in self._buckets
        )

    def epoch(self, number: int, seed: int) -> list[tuple[int, np.ndarray]]:
        """Returns the batches of an epoch: width and sentences of each.

        Sentences of about one length are shuffled and cut into batches, then
        the batches are shuffled. It depends on the arguments alone.
        """
        rng = np.random.default_rng([seed, number])
        batches = []
        for width, rows, members in self._buckets:
            order = rng.permutation(members)
            for start in range(0, len(order), rows):
                batches.append((width, order[start : start + rows]))
        return [batches[position] for position in rng.permutation(len(batches))]

    def batch(
        self, width: int, positions: np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Returns what the model sees, and the tokens it should give.

        All int32 of shape (sentences, width): "source", and "target", which is
        the result one token later.
        """
        result = self._target.rows(positions, width)
        target = np.roll(result, 1, axis=1)
        target[:, 0] = START
        # The end is never fed in: after it, nothing is asked for.
        target[target == END] = PADDING
        return {
            "source": self._source.rows(positions, width),
            "target": target,
        }, result

    def stream(self, start: int, seed: int) -> Iterator[tuple]:
        """Yields the batches from step `start` on, without end."""
        number, seen = divmod(start, self.batches_per_epoch)
        while True:
            for batch in self.epoch(number, seed)[seen:]:
                yield self.batch(*batch)
            number, seen = number + 1, 0
