"""All scales of an encoder and its decoder, by name."""

from __future__ import annotations

from dataclasses import dataclass

from .sparse_voxels import FeatureLevel


@dataclass(frozen=True, eq=False)
class Levels:
    """The feature levels of a network, fine to coarse.

    Configs name a level 'encoder.0' (the finest), 'encoder.1', ..., 'decoder.0', ...

    Attributes:
        encoder: ``(feats (N, C), voxels)`` of each level of the backbone.
        decoder: Those of the neck; its last is the encoder's coarsest. Empty without a neck.
    """

    encoder: tuple[FeatureLevel, ...]
    decoder: tuple[FeatureLevel, ...] = ()

    @property
    def finest(self) -> FeatureLevel:
        """The finest level of the decoder, or of the encoder where there is no decoder."""
        return (self.decoder or self.encoder)[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all levels."""
        parts = dict(encoder=self.encoder, decoder=self.decoder)
        return tuple(f'{part}.{index}' for part, levels in parts.items() for index in range(len(levels)))

    def __getitem__(self, name: str) -> FeatureLevel:
        """The level of a name.

        Raises:
            ValueError: If there is no such level.
        """
        if name not in self.names:
            raise ValueError(f'level must be one of {", ".join(self.names)}, got {name!r}')
        part, _, index = name.partition('.')
        return getattr(self, part)[int(index)]
