#!/usr/bin/env python3
"""Loads a safetensors file into PyTorch without the safetensors package.

As a module:  model.load_state_dict(load_in_pytorch.load("pan.safetensors"))
As a script:  load_in_pytorch.py pan.safetensors   prints each key with its shape and type.
"""
import json
import struct
import sys

import torch

DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
    "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}


def load(path):
    """Returns a state dict; the file's metadata is its attribute `metadata`."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    state_dict = StateDict()
    state_dict.metadata = header.pop("__metadata__", {})
    for key, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = DTYPES[entry["dtype"]]
        # frombuffer refuses an empty buffer; a copy of its own keeps each tensor aligned to its type.
        tensor = torch.frombuffer(bytearray(data[begin:end]), dtype=dtype) if end > begin else torch.empty(0, dtype=dtype)
        state_dict[key] = tensor.reshape(entry["shape"])
    return state_dict


class StateDict(dict):
    metadata = {}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    loaded = load(sys.argv[1])
    for name, value in loaded.metadata.items():
        print(f"# {name}: {value}")
    for key, tensor in loaded.items():
        print(key, list(tensor.shape), str(tensor.dtype).removeprefix("torch."))
