"""Command line that encodes class names: `python -m swin3d_mmdet3d.tools.make_text_table`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmengine.logging import print_log

from ..help_only import HELP_ONLY
from .mistakes import run_tool

if not HELP_ONLY:
    from torch import Tensor

    from ..checkpoints.safetensors_file import read_safetensors
    from ..language.text_encoders import (
        encode_clip,
        encode_sentences,
        encode_words,
        packaged_sentence_model,
        packaged_word_vectors,
    )
    from ..language.text_table import TextTable, save_text_table
    from ..language.vocabulary import INDOOR_CLASSES, INDOOR_NAMES


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Encode class names by a frozen text encoder.')
    parser.add_argument('out', help='table to write, .npz')
    parser.add_argument('--encoder', choices=('sentence', 'clip', 'words'), default='sentence')
    parser.add_argument(
        '--weights', help='folder of local weights; all-MiniLM-L6-v2 of its package by default (sentence)'
    )
    parser.add_argument('--template', default='{}', help="text of a name, such as 'a {} in a room'")
    parser.add_argument(
        '--names',
        nargs='+',
        help='class names, or one of the data sets Structured3D, ScanNet, S3DIS and ScanNet200; '
        'the indoor vocabulary of the first three by default',
    )
    args = parser.parse_args(arguments)
    if '{}' not in args.template:
        parser.error(f'--template must contain {{}}, got {args.template!r}')
    if args.encoder == 'clip' and not args.weights:
        parser.error('--weights must name a folder with a CLIP model, got none')
    if args.encoder == 'words' and args.weights:
        parser.error(f'--weights must be left out with --encoder words, got {args.weights!r}')
    return args


def main(arguments: list[str] | None = None) -> None:
    """Write the table that the command line asks for."""
    args = parse_arguments(arguments)
    names = args.names or INDOOR_NAMES
    if len(names) == 1:
        names = INDOOR_CLASSES.get(names[0], names)
    vectors, name = encode([args.template.format(text) for text in names], args.encoder, args.weights)
    save_text_table(TextTable(tuple(names), vectors, f'{name}, {args.template!r}'), args.out)
    print_log(f'{len(names)} names, {vectors.shape[1]} dimensions: {args.out}', logger='current')


def encode(texts: list[str], encoder: str, weights: str | None) -> tuple[Tensor, str]:
    """Vectors of texts by the encoder of the command line, and what made them."""
    if encoder == 'words':
        vector_file, tokenizer_file = packaged_word_vectors()
        vectors = read_safetensors(vector_file)['state_dict']['embedding.weight']
        return encode_words(texts, vectors, tokenizer_file), vector_file.stem
    if encoder == 'clip':
        return encode_clip(texts, Path(weights)), Path(weights).name
    folder = Path(weights) if weights else packaged_sentence_model()
    return encode_sentences(texts, folder), folder.name if weights else 'all-MiniLM-L6-v2'


if __name__ == '__main__':
    sys.exit(run_tool(main))
