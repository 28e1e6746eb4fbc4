# Weights, gradients and the optimiser's states are sharded over the processes (FSDP, arXiv 2304.11277), for
# networks that fill the memory of a GPU: beside a runtime, which it adds to. Checkpoints hold whole weights.
runner_type = 'ShardedRunner'
strategy = dict(
    type='ShardedStrategy',
    model_wrapper=dict(
        type='MMFullyShardedDataParallel',
        use_orig_params=True,  # blocks have a rate of their own
        auto_wrap_policy=dict(type='shard_blocks', blocks=['Swin3DBlock']),
    ),
    state_dict_cfg='full',
)
