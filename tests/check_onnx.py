#!/usr/bin/env python3
"""Holds ONNX files against what the nets themselves computed. Arguments are pairs: MODEL.onnx VALUES.safetensors, where the latter has a
tensor for each input and output, called as they are in the model. Prints a line each, and exits with 1 where one is off by 1e-4 or more."""
import json
import sys

import numpy
import onnx
import onnxruntime


def read(path):
    data = open(path, "rb").read()
    start = 8 + int.from_bytes(data[:8], "little")
    types = {"F32": numpy.float32, "I32": numpy.int32}
    header = {name: t for name, t in json.loads(data[8:start]).items() if name != "__metadata__"}
    return {name: numpy.frombuffer(data[start + t["data_offsets"][0]:start + t["data_offsets"][1]], types[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items()}


wrong = 0
for model, values in zip(sys.argv[1::2], sys.argv[2::2]):
    onnx.checker.check_model(model, full_check=True)
    ours = read(values)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    inputs = {i.name: ours[i.name].astype(numpy.int64 if "int64" in i.type else numpy.float32) for i in session.get_inputs()}
    names = [output.name for output in session.get_outputs()]
    for n in {1, len(ours[names[0]])}:  # the batch is a dynamic axis
        for name, theirs in zip(names, session.run(None, {i: x[:n] for i, x in inputs.items()})):
            right = ours[name][:n]
            off = float(numpy.abs(theirs - right).max()) if theirs.shape == right.shape else numpy.inf
            bad = not off < 1e-4
            wrong += bad
            print(f"{model} {name} {list(theirs.shape)}: off by {off:.2e}, spread {right.std():.2f}{'  WRONG' if bad else ''}")
sys.exit(wrong > 0)
