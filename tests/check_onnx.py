#!/usr/bin/env python3
"""Looks at ONNX files.   check_onnx.py checker|runtime MODEL.onnx VALUES.safetensors …
checker has onnx's own checker look through each model. runtime has ONNX Runtime compute with it what the net itself computed: VALUES has a
tensor for each input and output, called as they are in the model. Prints a line for each model or output, and exits with 1 where a model is
refused or an output is off by 1e-4 or more."""
import json
import sys


def read(path):
    import numpy
    data = open(path, "rb").read()
    start = 8 + int.from_bytes(data[:8], "little")
    types = {"F32": numpy.float32, "I32": numpy.int32}
    header = {name: t for name, t in json.loads(data[8:start]).items() if name != "__metadata__"}
    return {name: numpy.frombuffer(data[start + t["data_offsets"][0]:start + t["data_offsets"][1]], types[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items()}


def checker(model, values):
    import onnx
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as e:
        yield True, f"{model}: " + " ".join(str(e).split())
    else:
        yield False, f"{model}: as the format wants it"


def runtime(model, values):
    import numpy
    import onnxruntime
    ours = read(values)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    inputs = {i.name: ours[i.name].astype(numpy.int64 if "int64" in i.type else numpy.float32) for i in session.get_inputs()}
    names = [output.name for output in session.get_outputs()]
    for n in {1, len(ours[names[0]])}:  # the batch is a dynamic axis
        for name, theirs in zip(names, session.run(None, {i: x[:n] for i, x in inputs.items()})):
            right = ours[name][:n]
            off = float(numpy.abs(theirs - right).max()) if theirs.shape == right.shape else numpy.inf
            yield not off < 1e-4, f"{model} {name} {list(theirs.shape)}: off by {off:.2e}, spread {right.std():.2f}"


look = {"checker": checker, "runtime": runtime}[sys.argv[1]]
wrong = 0
for pair in zip(sys.argv[2::2], sys.argv[3::2]):
    for bad, line in look(*pair):
        wrong += bad
        print(line + ("  WRONG" if bad else ""))
sys.exit(wrong > 0)
