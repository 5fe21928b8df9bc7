#!/usr/bin/env python3
"""Makes the Python wheel of a built C library, without network and packages: wheel.py LIBRARY OUT [RID]

LIBRARY is what tools/native.sh library made for RID (linux-x64 if not given), with what belongs to it beside it. The wheel runs on every
Python 3 from 3.9 with NumPy, on Windows and on systems with glibc 2.28 or later. The same files give the same bytes.
"""
import base64
import hashlib
import re
import sys
import zipfile
from pathlib import Path

root = Path(__file__).resolve().parent.parent
library, out, rid = Path(sys.argv[1]), Path(sys.argv[2]), (sys.argv[3:] or ["linux-x64"])[0]
platform = {"linux-x64": "manylinux_2_28_x86_64", "linux-arm64": "manylinux_2_28_aarch64", "win-x64": "win_amd64"}[rid]
version = re.search(r"<Version>(.*)</Version>", (root / "Directory.Build.props").read_text())[1]
tag = f"py3-none-{platform}"
info = f"lungseg-{version}.dist-info"

files = {f"lungseg/{path.name}": path.read_bytes() for path in sorted((root / "src/Native/python/lungseg").iterdir()) if path.is_file()}
# On Windows each level of vectors is a file of its own.
for path in [library, *sorted(library.parent.glob(f"{library.stem}-*.dll"))]:
    files[f"lungseg/{path.name}"] = path.read_bytes()
files[f"{info}/METADATA"] = f"""Metadata-Version: 2.1
Name: lungseg
Version: {version}
Summary: Finds the lungs in frontal chest X-rays. For research use only, not a medical device.
License: MIT, weights CC BY 4.0
Requires-Python: >=3.9
Requires-Dist: numpy>=1.21
""".encode()
files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: tools/wheel.py\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
files[f"{info}/licenses/LICENSE"] = (root / "LICENSE").read_bytes()
files[f"{info}/licenses/weights.md"] = (root / "weights/README.md").read_bytes()


def digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


record = f"{info}/RECORD"
files[record] = ("".join(f"{name},{digest(data)},{len(data)}\n" for name, data in files.items()) + f"{record},,\n").encode()

out.mkdir(parents=True, exist_ok=True)
wheel = out / f"lungseg-{version}-{tag}.whl"
with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
    for name, data in files.items():
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        # The library is compressed already.
        archive.writestr(entry, data, zipfile.ZIP_STORED if name.endswith(".so") else zipfile.ZIP_DEFLATED)
print(wheel)
