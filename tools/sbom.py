#!/usr/bin/env python3
"""Joins what the CycloneDX tool found of the programs into one bill of materials: sbom.py VERSION RELEASE BOM... Adds the .NET runtime, the
weights, and each file of the folder RELEASE with its hash. Its time is SOURCE_DATE_EPOCH."""
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

version, release, boms = sys.argv[1], Path(sys.argv[2]), [json.loads(Path(path).read_text()) for path in sys.argv[3:]]
root = Path(__file__).resolve().parent.parent


def sha256(path: Path) -> list:
    return [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}]


runtimes = subprocess.run(["dotnet", "--list-runtimes"], capture_output=True, text=True, check=True).stdout
runtime = re.findall(r"^Microsoft\.NETCore\.App (10\.\S+)", runtimes, re.MULTILINE)[-1]
components = {part["bom-ref"]: part for bom in boms for part in bom["components"] if not part["name"].startswith("LungSeg")}
dependencies = {part["ref"]: part for bom in boms for part in bom.get("dependencies", []) if part["ref"] in components}
extra = [{
    "type": "framework", "bom-ref": "dotnet", "name": "Microsoft.NETCore.App", "version": runtime,
    "licenses": [{"license": {"id": "MIT"}}], "purl": f"pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@{runtime}",
}]
for weights in sorted((root / "weights").glob("*.safetensors")):
    extra.append({
        "type": "machine-learning-model", "bom-ref": weights.name, "name": weights.stem, "version": version,
        "licenses": [{"license": {"id": "CC-BY-4.0"}}], "hashes": sha256(weights),
    })
for file in sorted(path for path in release.iterdir() if path.name != "SHA256SUMS" and not path.name.endswith(".cdx.json")):
    extra.append({"type": "file", "bom-ref": f"file:{file.name}", "name": file.name, "hashes": sha256(file)})
document = {
    "bomFormat": "CycloneDX",
    "specVersion": boms[0]["specVersion"],
    "version": 1,
    "metadata": {
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))),
        "component": {"type": "application", "bom-ref": "lungseg", "name": "lungseg", "version": version, "licenses": [{"license": {"id": "MIT"}}]},
    },
    "components": [components[ref] for ref in sorted(components)] + extra,
    "dependencies": [dependencies[ref] for ref in sorted(dependencies)],
}
json.dump(document, sys.stdout, indent=2, sort_keys=True)
print()
