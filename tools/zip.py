#!/usr/bin/env python3
"""Writes FOLDER/NAME as a zip archive, the same bytes for the same files: zip.py FOLDER NAME OUT. Times are SOURCE_DATE_EPOCH."""
import os
import sys
import time
import zipfile
from pathlib import Path

folder, name, out = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
when = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for path in sorted(path for path in (folder / name).rglob("*") if path.is_file()):
        entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), when)
        entry.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
        archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
