"""Reads and writes safetensors files, our checkpoints among them. (The safetensors package does the same.)"""
import json

import torch

DTYPES = {"F32": torch.float32, "F64": torch.float64, "BF16": torch.bfloat16, "I32": torch.int32, "U8": torch.uint8}


def read(path):
    """Metadata, and tensors by name."""
    data = bytearray(open(path, "rb").read())
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__", {})
    return metadata, {name: torch.frombuffer(data[start + t["data_offsets"][0]:start + t["data_offsets"][1]], dtype=DTYPES[t["dtype"]])
                      .reshape(t["shape"]) for name, t in header.items()}


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
