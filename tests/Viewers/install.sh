#!/usr/bin/env bash
# Installs what the tests of result files run beside lungseg: viewers' code from npm, and Debian's readers of DICOM, NRRD and NIfTI (as root).
# Without them these tests are skipped by name.
set -euo pipefail
cd "$(dirname "$0")"
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    apt-get update -q
    apt-get install -y -q --no-install-recommends \
        dicom3tools dcmtk libgdcm-tools python3-pydicom python3-numpy python3-nibabel python3-pil teem-apps
fi
npm ci
