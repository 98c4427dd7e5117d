import keras
import numpy as np
import pytest
import sacrebleu
from keras import layers

import actfn
import models
from experiments.datasets import sentences, tokens
from models.decoding import Translator
from models.transformer import PADDING
from tests.stirring import difference


def small(**options):
    sizes = {"depth": 2, "width": 32, "hidden": 64, "heads": 4}
    return models.build("transformer", **{"vocabulary": 50, **sizes, **options})


def numbers(rows, steps, seed=0):
    return np.random.default_rng(seed).integers(3, 50, (rows, steps))


def test_base_parameters_by_hand():
    model = models.build("transformer_base", vocabulary=100)
    attention = 4 * (512 * 512 + 512)
    feed_forward = 512 * 2048 + 2048 + 2048 * 512 + 512
    norm = 2 * 512
    encoder = attention + feed_forward + 2 * norm
    decoder = 2 * attention + feed_forward + 3 * norm
    shared = 100 * 512
    assert model.count_params() == 6 * (encoder + decoder) + shared
    assert model.activation_sites == 12


def test_gates_have_as_many_parameters():
    plain = models.build("transformer", activation=layers.ReLU, depth=1)
    gated = models.build(
        "transformer",
        activation=lambda: actfn.get("swiglu"),
        depth=1,
        gated=True,
    )
    inner = gated.get_layer("encoder_0_dense_in").get_weights()[0]
    assert inner.shape == (512, 2 * 1365)  # two thirds of 2,048
    difference = gated.count_params() - plain.count_params()
    assert abs(difference) < 0.001 * plain.count_params()
    assert gated.output_shape == plain.output_shape


def test_neither_the_future_nor_padding_is_seen():
    model = small()
    source, target = numbers(2, 7), numbers(2, 6, seed=1)
    logits = model({"source": source, "target": target})
    other = target.copy()
    other[:, 4:] = 7
    changed = model({"source": source, "target": other})
    assert difference(logits[:, :4], changed[:, :4]) < 1e-5
    assert difference(logits[:, 4:], changed[:, 4:]) > 1e-2
    longer = np.pad(source, ((0, 0), (0, 3)))
    padded = model(
        {"source": longer, "target": np.pad(target, ((0, 0), (0, 2)))}
    )
    assert difference(logits, padded[:, :6]) < 1e-5


@pytest.mark.parametrize(
    "options,message",
    [
        ({"width": 30}, "divisible"),
        ({"depth": 0}, "depth"),
        ({"vocabulary": 0}, "vocabulary"),
        ({"dropout": 1.0}, "dropout"),
        ({"activation": layers.ReLU()}, "without arguments"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        small(**options)


@pytest.fixture(scope="module")
def short_pairs():
    """Real messages of three to six words, without placeholders."""
    pairs = sentences.load(sentences.EMBEDDED).train
    return [
        (english, german)
        for english, german in pairs
        if 3 <= len(english.split()) <= 6 and not set(english) & set("%{<(")
    ][:50]


@pytest.fixture(scope="module")
def translations(short_pairs):
    """Trains some hundred steps on the text, then translates it."""
    keras.utils.set_random_seed(0)
    text = [sentence for pair in short_pairs for sentence in pair]
    vocabulary = tokens.Vocabulary(500, text)
    corpus = tokens.Corpus(vocabulary, short_pairs, batch_tokens=512)
    model = small(vocabulary=500, width=64, hidden=128)
    model.compile(
        keras.optimizers.Adam(2e-3, beta_2=0.98, epsilon=1e-9),
        keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, ignore_class=PADDING
        ),
    )
    model.fit(corpus.stream(0, 0), steps_per_epoch=200, verbose=0)
    translate = Translator(model, tokens.START, tokens.END, extra=15)
    sources = vocabulary.encode([english for english, _ in short_pairs])
    return [
        vocabulary.decode(translate([*source, tokens.END]))
        for source in sources
    ]


def test_training_sentences_are_translated(short_pairs, translations):
    assert len(short_pairs) == 50
    right = [
        ours == german
        for ours, (_, german) in zip(translations, short_pairs, strict=True)
    ]
    assert np.mean(right) > 0.9


def test_bleu_of_training_sentences(short_pairs, translations):
    references = [[german for _, german in short_pairs]]
    assert sacrebleu.corpus_bleu(translations, references).score > 90
    shuffled = sacrebleu.corpus_bleu(translations[::-1], references)
    assert shuffled.score < 30


def test_logits_equal_torch():
    """torch.nn's encoder and decoder layers with our weights."""
    torch = pytest.importorskip("torch")
    nn = torch.nn
    width, heads = 32, 4
    model = small(dropout=0.0)
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(variable + rng.normal(0, 0.3, variable.shape))

    def put(parameter, value):
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))

    def put_linear(theirs, name):
        kernel, bias = model.get_layer(name).get_weights()
        put(theirs.weight, kernel.T)
        put(theirs.bias, bias)

    def put_norm(theirs, name):
        gamma, beta = model.get_layer(f"{name}_norm").get_weights()
        put(theirs.weight, gamma)
        put(theirs.bias, beta)

    def put_attention(theirs, name):
        q, qb, k, kb, v, vb, o, ob = model.get_layer(name).get_weights()
        stacked = [part.reshape(width, width).T for part in (q, k, v)]
        put(theirs.in_proj_weight, np.concatenate(stacked))
        put(theirs.in_proj_bias, np.concatenate([qb, kb, vb]).ravel())
        put(theirs.out_proj.weight, o.reshape(width, width).T)
        put(theirs.out_proj.bias, ob)

    def layer_of(kind, stack, number):
        theirs = kind(
            width,
            heads,
            64,
            dropout=0.0,
            batch_first=True,
            layer_norm_eps=1e-6,
        )
        name = f"{stack}_{number}"
        put_attention(theirs.self_attn, f"{name}_self")
        norms = [f"{name}_self", f"{name}_dense"]
        if stack == "decoder":
            put_attention(theirs.multihead_attn, f"{name}_cross")
            norms.insert(1, f"{name}_cross")
        put_linear(theirs.linear1, f"{name}_dense_in")
        put_linear(theirs.linear2, f"{name}_dense_out")
        for place, norm in enumerate(norms, 1):
            put_norm(getattr(theirs, f"norm{place}"), norm)
        return theirs

    table = model.get_layer("embedding").get_weights()[0]

    def embed(rows):
        place = np.arange(rows.shape[1])[:, None]
        angles = place / 10000 ** (np.arange(width // 2) / (width // 2))
        waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
        x = table[rows] * np.sqrt(width) + waves
        return torch.from_numpy(x.astype("float32"))

    source, target = numbers(2, 7), numbers(2, 6, seed=1)
    source[1, 5:] = PADDING
    hidden = torch.from_numpy(source == PADDING)
    causal = nn.Transformer.generate_square_subsequent_mask(6)
    x, y = embed(source), embed(target)
    with torch.no_grad():
        for number in range(2):
            layer = layer_of(nn.TransformerEncoderLayer, "encoder", number)
            x = layer(x, src_key_padding_mask=hidden)
        for number in range(2):
            layer = layer_of(nn.TransformerDecoderLayer, "decoder", number)
            y = layer(y, x, tgt_mask=causal, memory_key_padding_mask=hidden)
    logits = y.numpy() @ table.T
    assert (
        difference(logits, model({"source": source, "target": target})) < 1e-4
    )
