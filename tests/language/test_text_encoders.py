"""Text encoders over a stand-in for transformers: the pooling, and that nothing is ever downloaded."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from swin3d_mmdet3d.language.text_encoders import encode_clip, encode_sentences, encode_words

HIDDEN = torch.tensor([[[1.0, 2], [3, 4], [100, 100]], [[5, 0], [1, 6], [0, 0]]])
MASK = torch.tensor([[1, 1, 0], [1, 1, 1]])
EMBEDDED = torch.tensor([[3.0, 4], [0, -2]])


class Tokens(dict):
    def __init__(self):
        super().__init__(attention_mask=MASK)


class Model:
    def eval(self):
        return self

    def __call__(self, attention_mask):
        return SimpleNamespace(last_hidden_state=HIDDEN, text_embeds=EMBEDDED)


@pytest.fixture
def transformers(monkeypatch):
    """A stand-in whose classes load from a local folder or fail."""

    def load(result):
        def from_pretrained(folder, local_files_only=False):
            assert folder == Path('weights') and local_files_only
            return result

        return SimpleNamespace(from_pretrained=from_pretrained)

    def tokenize(texts, padding, return_tensors):
        assert texts == ['chair', 'a table'] and padding and return_tensors == 'pt'
        return Tokens()

    module = SimpleNamespace(
        AutoTokenizer=load(tokenize), AutoModel=load(Model()), CLIPTextModelWithProjection=load(Model())
    )
    monkeypatch.setitem(sys.modules, 'transformers', module)


def test_sentences_are_the_unit_means_of_their_tokens(transformers):
    means = torch.stack([HIDDEN[0, :2].mean(0), HIDDEN[1].mean(0)])
    expected = means / means.norm(dim=1, keepdim=True)
    torch.testing.assert_close(encode_sentences(('chair', 'a table'), Path('weights')), expected)


def test_clip_gives_unit_embeddings(transformers):
    expected = torch.tensor([[0.6, 0.8], [0, -1]])
    torch.testing.assert_close(encode_clip(('chair', 'a table'), Path('weights')), expected)


@pytest.fixture
def tokenizers(monkeypatch):
    """A stand-in whose tokens are the numbers that a text is made of."""

    class Tokenizer:
        @staticmethod
        def from_file(file):
            assert file == 'tokenizer.json'
            return Tokenizer()

        def encode(self, text, add_special_tokens=True):
            assert not add_special_tokens
            return SimpleNamespace(ids=[int(word) for word in text.split()])

    monkeypatch.setitem(sys.modules, 'tokenizers', SimpleNamespace(Tokenizer=Tokenizer))


def test_words_are_the_unit_means_of_their_vectors(tokenizers):
    vectors = torch.tensor([[3.0, 0], [0, 4], [9, 9]], dtype=torch.float16)
    found = encode_words(['0', '0 1', '1 0'], vectors, Path('tokenizer.json'))
    torch.testing.assert_close(found, torch.tensor([[1.0, 0], [0.6, 0.8], [0.6, 0.8]]))


@pytest.mark.parametrize('text', ['', '1 3'])
def test_words_without_a_vector_are_told(tokenizers, text):
    with pytest.raises(ValueError, match='must have tokens below 3'):
        encode_words([text], torch.ones(3, 2), Path('tokenizer.json'))


def test_a_missing_package_is_told_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'transformers', None)
    with pytest.raises(ImportError, match=r'pip install "swin3d_mmdet3d\[text\]"'):
        encode_clip(['chair'], Path('weights'))
