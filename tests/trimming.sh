#!/usr/bin/env bash
# Publishes the program trimmed, with every warning that it gives about trimming, and compares them with those that are known:
# trimming.sh [aot]. The build of every day hides ImageSharp's, a single line for the whole of it. "aot" compiles natively, which needs a C
# compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kind=trimmed options=()
[ "${1:-}" != aot ] || { kind=aot options=(-p:PublishAot=true); }

# Both are about Exif and TIFF, of which nothing is read or written by ImageSharp.
known() {
    echo 'IL2075 SixLabors.ImageSharp.Metadata.Profiles.Exif.ExifTagDescriptionAttribute.GetDescription(ExifTag,Object)'
    [ "$kind" = trimmed ] || echo 'IL3050 SixLabors.ImageSharp.EnumUtils.Parse<TEnum>(Int32,!!0)'
}

rid=$(dotnet --info | sed -n 's/^ *RID: *//p')
# What was trimmed before gives no warnings again.
rm -rf src/Cli/obj/Release/net10.0/*/linked src/Cli/obj/Release/net10.0/*/native
dotnet publish src/Cli -c Release -r "$rid" -o "$work/program" -p:TrimmerSingleWarn=false -p:TreatWarningsAsErrors=false "${options[@]}" \
    -v m --nologo > "$work/log" 2>&1 || { tail -n 20 "$work/log"; exit 1; }
sed -nE 's/.*warning (IL[0-9]+): ([^:]*): .*/\1 \2/p' "$work/log" | sed 's/, /,/g' | sort -u > "$work/found"
diff <(known | sort) "$work/found" || { echo "trimming: other warnings than those that are known ($kind)"; exit 1; }
"$work/program/lungseg" segment samples/radiograph.png -o "$work/out" > /dev/null
[ -s "$work/out/radiograph.mask.png" ]
echo "trimming: the known warnings and no other ($kind)"
