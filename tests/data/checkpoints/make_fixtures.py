#!/usr/bin/env python3
"""Makes the fixtures that README.md calls additional; needs PyTorch (1.13 made those in the repository)."""
import collections
import os
import sys
import zipfile

import torch
import torch.nn as nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tools"))
from dump_reference import write_safetensors  # noqa: E402


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, bias=False)
        self.bn = nn.BatchNorm2d(3)
        self.register_buffer("scratch", torch.ones(4), persistent=False)
        self.register_buffer("kept", torch.arange(5))
        self.register_buffer("nothing", None)
        self.sizes = [1, 2]

    def forward(self, x):
        return self.bn(self.conv(x))


def save(name, value, **options):
    torch.save(value, os.path.join(HERE, name), **options)


def expect(name, state):
    write_safetensors(os.path.join(HERE, name), {key: value.float() for key, value in state.items()}, {})


def pack(name, path, compression):
    with zipfile.ZipFile(os.path.join(HERE, name), "w", compression) as archive:
        archive.write(os.path.join(HERE, path), f"weights/{path}")


def main():
    # The legacy format stores where a class comes from: keep this machine's directories out of it.
    os.chdir(HERE)
    sys.modules["__main__"].__file__ = os.path.basename(__file__)
    torch.manual_seed(11)
    net = nn.DataParallel(nn.Sequential(collections.OrderedDict(first=Block(), tail=nn.Sequential(nn.Conv2d(3, 1, 1), nn.Sigmoid()))))
    expect("expected_blocks.safetensors", net.module.state_dict())
    save("blocks_module_legacy.pth", net, _use_new_zipfile_serialization=False)
    save("blocks_protocol5.pth", {"epoch": 3, "model_state_dict": net.state_dict(), "best": 0.5, "losses": [1.5, None, True]}, pickle_protocol=5)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.rand(2, 2, 8, 8)).sum().backward()
    optimizer.step()
    expect("expected_blocks_trained.safetensors", net.module.state_dict())
    save("blocks_training_legacy.pth", {"optimizer": optimizer.state_dict(), "model": net}, _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(net.module.eval()), os.path.join(HERE, "blocks_torchscript.pt"))
    pack("blocks_stored.zip", "blocks_protocol5.pth", zipfile.ZIP_STORED)
    # TorchScript does not know persistence: its own state dict has the buffer, too.
    expect("expected_blocks_torchscript.safetensors", torch.jit.load(os.path.join(HERE, "blocks_torchscript.pt")).state_dict())
    save("refused_sparse.pth", {"weight": torch.eye(3).to_sparse()})
    save("refused_quantized.pth", {"weight": torch.quantize_per_tensor(torch.rand(4), 0.1, 0, torch.qint8)})
    save("refused_complex.pth", {"weight": torch.zeros(2, dtype=torch.complex64)})
    save("refused_list.pth", [torch.zeros(2)])


if __name__ == "__main__":
    main()
