#!/usr/bin/env python3
"""The generator of an unconditional DCGAN run, as PyTorch modules.   from_duel.py runs/mine/checkpoints/last.safetensors OUT [NOISE]
OUT.pt gets its state dict, OUT.ppm a grid of images; NOISE is a safetensors file with z [n, nz], 64 random ones without it."""
import json
import sys

import torch
from torch import nn

DTYPES = {"F32": torch.float32, "F64": torch.float64, "BF16": torch.bfloat16, "I32": torch.int32, "U8": torch.uint8}


def read(path):
    """A safetensors file: metadata, tensors by name. (safetensors.torch.load_file does the same but for the metadata.)"""
    data = bytearray(open(path, "rb").read())
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__", {})
    return metadata, {name: torch.frombuffer(data[start + t["data_offsets"][0]:start + t["data_offsets"][1]], dtype=DTYPES[t["dtype"]])
                      .reshape(t["shape"]) for name, t in header.items()}


def layers(metadata):
    """For each tensor of G, our name and PyTorch's. G has a layer for each halving of the image down to 4 or an odd side, and one more."""
    settings, network = json.loads(metadata["settings"]), json.loads(metadata["network"])
    assert settings["net"] == "dcgan" and not settings["conditional"], "only unconditional runs of --net dcgan"
    h, w, count = network["h"], network["w"], 1
    while h % 2 == 0 and w % 2 == 0 and min(h, w) > 4:
        h, w, count = h // 2, w // 2, count + 1
    prefix = "average." if settings["ema"] > 0 else "g."
    names = {f"{prefix}{i}.w": f"{3 * i}.weight" for i in range(count)}
    for ours, theirs in {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"}.items():
        names.update({f"{prefix}{i}.{ours}": f"{3 * i + 1}.{theirs}" for i in range(count - 1)})
    return names


def generator(metadata, tensors):
    """z [n, nz, 1, 1] → [n, channels, h, w] in [-1, 1]. A weight [k,r,s,c] is PyTorch's [k,c,r,s]: k enters, c leaves."""
    state = {theirs: (t.permute(0, 3, 1, 2) if t.dim() == 4 else t).contiguous()
             for ours, theirs in layers(metadata).items() for t in [tensors[ours]]}
    weights = [w for w in state.values() if w.dim() == 4]
    modules = []
    for i, (enters, leaves, *kernel) in enumerate(w.shape for w in weights):
        modules.append(nn.ConvTranspose2d(enters, leaves, kernel, 2 if i else 1, 1 if i else 0, bias=False))
        modules += [nn.BatchNorm2d(leaves), nn.ReLU()] if i + 1 < len(weights) else [nn.Tanh()]
    net = nn.Sequential(*modules).eval()
    net.load_state_dict(state, strict=False)  # ours has no num_batches_tracked
    return net


if __name__ == "__main__":
    metadata, tensors = read(sys.argv[1])
    net = generator(metadata, tensors)
    if sys.argv[2].endswith(".pt"):
        torch.save(net.state_dict(), sys.argv[2])
    else:
        z = read(sys.argv[3])[1]["z"] if len(sys.argv) > 3 else torch.randn(64, net[0].in_channels)
        with torch.no_grad():
            images = ((net(z[:, :, None, None]) + 1) * 127.5).round().clamp(0, 255).byte()
        n, c, h, w = images.shape
        grid = images[:n // 8 * 8].reshape(-1, 8, c, h, w).permute(0, 3, 1, 4, 2).reshape(-1, 8 * w, c).expand(-1, -1, 3).contiguous()
        open(sys.argv[2], "wb").write(b"P6 %d %d 255\n" % (8 * w, len(grid)) + bytes(grid.flatten().tolist()))
