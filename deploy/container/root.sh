#!/usr/bin/env bash
# The root folder of the container: root.sh PROGRAM_FOLDER ROOT. Copies the published program with its weights, and the shared libraries
# and the loader that ldd lists for it, at the places where ldd found them. A program that unpacks to another one is asked by --libraries.
set -euo pipefail
program=$(realpath "${1:?expected the folder of the published program}")
root=$(realpath -m "${2:?expected the folder to make}")
[ -x "$program/lungseg" ] || { echo "root.sh: '$program' holds no program 'lungseg'" >&2; exit 2; }
[ ! -e "$root" ] || { echo "root.sh: '$root' exists: remove it first" >&2; exit 2; }
mkdir -p "$root/usr/lib/lungseg" "$root/etc" "$root/tmp"
chmod 1777 "$root/tmp"
cp -R "$program/." "$root/usr/lib/lungseg/"
# Files that ldd names by their path: after '=>', or the loader itself.
ldd "$program/lungseg" | awk '/=> \// { print $3 } /^\t\// { print $1 }' | sort -u | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
echo 'lungseg:x:10001:10001::/:/usr/lib/lungseg/lungseg' > "$root/etc/passwd"
echo 'lungseg:x:10001:' > "$root/etc/group"
