"""Point Prompt Training: one network for several data sets, without negative transfer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModel
from torch import Tensor, nn

from ...models.layers.conditions import check_conditions
from ...models.layers.decoupled_module import DecoupledModule, decouple_modules
from ...models.layers.prompt_folding import decoupled_state_dict, folded_state_dict
from ...models.layers.prompt_norm import PromptNorm, use_prompt_norms
from ...models.layers.table_scales import TableScales, add_table_scales
from ...models.student_weights import STUDENT_PARTS, weights_of
from ...structures import Prompt, with_prompt

FORMS = ('decoupled', 'adaptive', 'both', 'shared')


@MODELS.register_module()
class PPT(BaseModel):
    """A model whose norms, and more if asked, know which data set a batch comes from.

    Every batch has one condition, the ``condition`` of its samples; the model's voxels carry it with a
    learned embedding, and the norms of its networks answer to it; so do, by ``modules`` and
    ``table_scales``, whole modules and the tables of the attention. Each starts as the plain model and folds
    into it at export. What the model is trained for is its own matter: segmentation with a
    :class:`LanguageAlignedHead` or a :class:`DecoupledHead`, or an objective without labels.

    Args:
        model: Config of the model to train, one whose inputs hold :class:`SparseVoxels`.
        conditions: Names of the data sets.
        norms: 'decoupled' (a norm for each condition), 'adaptive' (scale and shift from the embedding),
            'both', or 'shared' (plain norms: naive joint training).
        prompted: Names of the networks of ``model`` that are prompted; those it lacks are passed over.
        prompt_channels: Width of the embedding of a condition.
        exclude: Regular expression; norms whose name it finds stay plain.
        modules: Names of modules of the backbone that are kept once for each condition, such as its stem; see
            :class:`DecoupledModule`. Their norms are kept apart with them, without scale and shift.
        table_scales: Whether the tables of the window attention have scales for each condition; see
            :class:`TableScales`.
        trainable_conditions: Conditions that train while all else is frozen: their embedding, decoupled
            norms, modules and scales of tables. None trains everything. To add a data set to a trained
            model, name it here.
        data_preprocessor: Config of the preprocessor; that of ``model`` by default.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If an argument does not fit, or a batch mixes conditions or has an unknown one.

    Source: arXiv 2308.09718 (PPT-v1m1 of github.com/Pointcept/Pointcept for point U-Nets); on Swin3D the
        LayerNorms of blocks and resampling and the BatchNorm of the stem are replaced. ``modules`` and
        ``table_scales`` follow ideas that the abstract of arXiv 2402.14215 (Swin3D++) names; their details
        are this package's own.
    """

    def __init__(
        self,
        model: dict,
        conditions: Sequence[str],
        norms: str = 'both',
        prompted: Sequence[str] = ('backbone', 'neck'),
        prompt_channels: int = 256,
        exclude: str | None = None,
        modules: Sequence[str] = (),
        table_scales: bool = False,
        trainable_conditions: Sequence[str] | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        check_conditions(conditions)
        if norms not in FORMS:
            raise ValueError(f'norms must be one of {FORMS}, got {norms!r}')
        model = MODELS.build(model)
        super().__init__(data_preprocessor or model.data_preprocessor, init_cfg)
        self.model = model
        self.conditions = tuple(conditions)
        self.norms = norms
        adaptive = norms in ('adaptive', 'both')
        self.embeddings = nn.ParameterDict(
            {condition: nn.Parameter(torch.randn(prompt_channels)) for condition in conditions if adaptive}
        )
        self.prompted = [name for name in prompted if isinstance(getattr(model, name, None), nn.Module)]
        if not self.prompted:
            raise ValueError(f'prompted must name a network of {type(model).__name__}, got {tuple(prompted)}')
        if modules:
            self._decouple(modules)
        if table_scales:
            self._scale_tables()
        if norms != 'shared':
            for name in self.prompted:
                use_prompt_norms(
                    getattr(model, name),
                    conditions,
                    decoupled=norms != 'adaptive',
                    prompt_channels=prompt_channels if adaptive else None,
                    exclude=exclude,
                )
        self.frozen_norms: tuple[nn.Module, ...] = ()
        if trainable_conditions is not None:
            self._freeze_all_but(trainable_conditions)

    def forward(self, inputs: dict, data_samples: list | None = None, mode: str = 'tensor') -> Any:
        """Run the model under the condition of the samples; arguments and result are the model's own.

        Raises:
            ValueError: If the samples have no condition, several, or an unknown one.
        """
        prompt = self.prompt_of(self.condition_of(data_samples))
        return self.model(with_prompt(inputs, prompt), data_samples, mode=mode)

    def prompt_of(self, condition: str) -> Prompt:
        """The prompt of a condition, with its learned embedding."""
        if condition not in self.conditions:
            raise ValueError(f'condition must be one of {self.conditions}, got {condition!r}')
        return Prompt(condition, self.embeddings[condition] if condition in self.embeddings else None)

    def condition_of(self, data_samples: Sequence | None) -> str:
        """The condition that all samples of a batch share."""
        if not data_samples:
            raise ValueError('data_samples must name the condition of the batch, got none')
        found = [sample.metainfo.get('condition') for sample in data_samples]
        if None in found:
            raise ValueError(
                'samples must have a condition; the transform SetCondition gives it, '
                "and 'condition' must be among the meta_keys that are packed"
            )
        if len(set(found)) > 1:
            raise ValueError(
                f'a batch must have one condition, got {sorted(set(found))}; use SingleSourceBatchSampler'
            )
        return found[0]

    def folded_state_dict(self, condition: str) -> dict[str, Tensor]:
        """Weights of the plain model that does the same for one condition: the inner model's names."""
        prompt = self.prompt_of(condition)
        return self._weights_with(lambda network: folded_state_dict(network, prompt))

    def decoupled_state_dict(self) -> dict[str, Tensor]:
        """Weights of this model with ``norms='decoupled'``, which does the same under every condition."""
        prompts = [self.prompt_of(condition) for condition in self.conditions]
        weights = self._weights_with(lambda network: decoupled_state_dict(network, prompts))
        return {f'model.{key}': value for key, value in weights.items()}

    def export(self) -> dict[str, dict[str, Tensor]]:
        """Plain models out of the prompted one: ``{file name: state dict}``, which ``ExportHook`` writes.

        ``<condition>.pth`` holds backbone, neck and ``decode_head`` of the model that has the prompt of a
        condition folded in; they load strictly into the ordinary networks and give the same outputs.
        ``student.pth`` holds the backbone and neck of S3DIS, or of the last condition where there is none.
        ``decoupled.pth`` holds the whole model for all conditions, as ``norms='decoupled'`` has it:
        embeddings, scales and shifts, a third of the weights of a small network, are folded.
        """
        parts = (*STUDENT_PARTS, 'decode_head')
        folded = {condition: self.folded_state_dict(condition) for condition in self.conditions}
        files = {f'{condition}.pth': weights_of(folded[condition], parts) for condition in self.conditions}
        student = 'S3DIS' if 'S3DIS' in self.conditions else self.conditions[-1]
        files['student.pth'] = weights_of(folded[student])
        if self.norms != 'shared':
            files['decoupled.pth'] = self.decoupled_state_dict()
        return files

    def train(self, mode: bool = True) -> PPT:
        """Train or evaluate; frozen norms keep their statistics in both."""
        super().train(mode)
        for norm in self.frozen_norms:
            norm.eval()
        return self

    def _weights_with(
        self, weights_of_network: Callable[[nn.Module], dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """The inner model's weights, those of its prompted networks as a function of each gives them."""
        weights = self.model.state_dict()
        for name in self.prompted:
            weights = {key: value for key, value in weights.items() if not key.startswith(f'{name}.')}
            own = weights_of_network(getattr(self.model, name))
            weights.update({f'{name}.{key}': value for key, value in own.items()})
        return weights

    def _decouple(self, modules: Sequence[str]) -> None:
        if 'backbone' not in self.prompted:
            raise ValueError(
                f"modules are those of the 'backbone', which prompted lacks, got {self.prompted}"
            )
        decouple_modules(self.model.backbone, modules, self.conditions)

    def _scale_tables(self) -> None:
        networks = [getattr(self.model, name) for name in self.prompted]
        if not [scales for network in networks for scales in add_table_scales(network, self.conditions)]:
            kinds = [type(network).__name__ for network in networks]
            raise ValueError(
                f'table_scales needs a network with tables of window attention, which Swin3D has, got {kinds}'
            )

    def _own_parts(self, condition: str) -> Iterator[nn.Module | nn.Parameter]:
        """What one condition has for itself."""
        if condition in self.embeddings:
            yield self.embeddings[condition]
        for module in self.modules():
            if isinstance(module, PromptNorm) and module.decoupled:
                yield module.norms[condition]
            elif isinstance(module, DecoupledModule):
                yield module.copies[condition]
            elif isinstance(module, TableScales):
                yield module.offsets[condition]

    def _freeze_all_but(self, conditions: Sequence[str]) -> None:
        unknown = [name for name in conditions if name not in self.conditions]
        if unknown or not conditions:
            raise ValueError(
                f'trainable_conditions must be some of {self.conditions}, got {tuple(conditions)}'
            )
        self.requires_grad_(False)
        trained = [part for name in conditions for part in self._own_parts(name)]
        for part in trained:
            part.requires_grad_(True)
        living = {module for part in trained if isinstance(part, nn.Module) for module in part.modules()}
        self.frozen_norms = tuple(
            m for m in self.modules() if isinstance(m, nn.BatchNorm1d) and m not in living
        )
