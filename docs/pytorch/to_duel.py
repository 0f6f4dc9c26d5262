#!/usr/bin/env python3
"""Puts the weights of a DCGAN generator from PyTorch into a checkpoint.   to_duel.py CHECKPOINT WEIGHTS.pt OUT.safetensors
CHECKPOINT is one of a run with the same sizes (gan train --steps 1 makes one); WEIGHTS.pt a state dict whose layers stand as in PyTorch's
DCGAN example (ConvTranspose2d, BatchNorm2d, ReLU, …, ConvTranspose2d, Tanh in one Sequential, called main or not). All else is kept."""
import json
import sys

import torch

from from_duel import DTYPES, layers, read


def write(path, metadata, tensors):
    names = {dtype: name for name, dtype in DTYPES.items()}
    header, data = {"__metadata__": metadata}, b""
    for name, t in sorted(tensors.items(), key=lambda item: -item[1].element_size()):  # the largest elements first, so that all are aligned
        raw = bytes(t.contiguous().flatten().view(torch.uint8).numpy())
        header[name] = {"dtype": names[t.dtype], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(len(text).to_bytes(8, "little") + text + data)


if __name__ == "__main__":
    metadata, tensors = read(sys.argv[1])
    state = {name.removeprefix("main."): t for name, t in torch.load(sys.argv[2], map_location="cpu").items()}
    for ours, theirs in layers(metadata).items():
        new = state[theirs].float()
        new = new.permute(0, 2, 3, 1).contiguous() if new.dim() == 4 else new
        assert new.shape == tensors[ours].shape, f"{theirs} is {list(new.shape)}, but {ours} is {list(tensors[ours].shape)}"
        tensors[ours] = new
    metadata = {key: value for key, value in metadata.items() if not key.startswith("xxh3")}  # they sum up the old tensors
    write(sys.argv[3], metadata, tensors)
