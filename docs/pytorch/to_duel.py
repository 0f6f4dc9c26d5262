#!/usr/bin/env python3
"""Puts a net's weights from PyTorch into a checkpoint.   to_duel.py CHECKPOINT PART WEIGHTS.pt OUT.safetensors
CHECKPOINT is one of a run with the same sizes (train --steps 1 makes one), PART as in from_duel.py; WEIGHTS.pt a state dict as that script
writes it. Of g and d of --net dcgan it may be one of PyTorch's DCGAN example (Sequentials, called main or not). All else is kept."""
import sys

import torch

from checkpoint import read, write
from nets import net_of

source, part, weights, out = sys.argv[1:]
metadata, tensors = read(source)
state = {name.removeprefix("main."): t for name, t in torch.load(weights, map_location="cpu").items()}
names = net_of(metadata, tensors, part)[1]
if set(names.values()) != {name for name in state if not name.endswith("num_batches_tracked")}:
    sys.exit(f"{weights} holds other layers than {part} has; it is of another net")
for ours, theirs in names.items():
    new = state[theirs].float()
    new = new.permute(0, 2, 3, 1).contiguous() if new.dim() == 4 else new
    if new.shape != tensors[ours].shape:
        sys.exit(f"{theirs} is {list(new.shape)}, but {ours} is {list(tensors[ours].shape)}; it is of another size")
    tensors[ours] = new
metadata = {key: value for key, value in metadata.items() if not key.startswith("xxh3")}  # they sum up the old tensors
write(out, metadata, tensors)
