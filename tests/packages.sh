#!/usr/bin/env bash
# The packages, as users take them: packs all, builds each of examples/ against the packages alone, in an empty folder, runs it on the
# sample, and installs the tool. packages.sh [FEED]: FEED keeps the packages. Exit code 0: all of it works.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
feed=$(realpath -m "${1:-$work/feed}")
version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)
quiet=(-v q --nologo)

tools/pack.sh "$feed"
for package in IO Engine Imaging Models Weights.Pan Extensions.DependencyInjection; do
    [ -f "$feed/LungSeg.$package.$version.nupkg" ] || { echo "packages: LungSeg.$package is missing"; exit 1; }
done
# What a library brings along: no image library, and nothing that only programs need.
for package in "$feed"/LungSeg.*."$version".nupkg; do
    ! unzip -p "$package" '*.nuspec' | grep -iE 'dependency id="(SixLabors|ILGPU|Spectre|System\.CommandLine|xunit)' ||
        { echo "packages: $package depends on a program's package"; exit 1; }
done

# What is expected: the mask of the program as it is built here.
dotnet run -c Release --project src/Cli -- segment samples/radiograph.png -o "$work/expected" --quiet
expected=$work/expected/radiograph.mask.png

(cd "$work" && dotnet tool install lungseg --version "$version" --source "$feed" --tool-path tool > /dev/null &&
    tool/lungseg segment "$root/samples/radiograph.png" -o tool-out)
cmp "$work/tool-out/radiograph.mask.png" "$expected"
echo "packages: the tool lungseg gives the program's mask"

# The packages in a cache of their own, so that none of an earlier run is taken for them.
common=(-p:RestoreAdditionalProjectSources="$feed" -p:RestorePackagesPath="$work/cache"
    -p:RestoreFallbackFolders="${NUGET_PACKAGES:-$HOME/.nuget/packages}")
for example in examples/*/*.csproj; do
    name=$(basename "$example" .csproj)
    mkdir "$work/$name"
    cp "$(dirname "$example")"/*.cs "$work/$name"
    cat > "$work/$name/$name.csproj" <<END
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="LungSeg.Extensions.DependencyInjection" Version="$version" />
    <PackageReference Include="LungSeg.Weights.Pan" Version="$version" />
    <PackageReference Include="Microsoft.Extensions.DependencyInjection" Version="10.0.12" />
  </ItemGroup>
</Project>
END
    (cd "$work/$name" && dotnet build -c Release -o out "${quiet[@]}" "${common[@]}" &&
        dotnet "out/$name.dll" "$root/samples/radiograph.png" "$work/$name.mask.png")
    # An example that writes a mask writes the program's own, pixel by pixel.
    [ ! -f "$work/$name.mask.png" ] ||
        "$work/tool/lungseg" compare "$work/$name.mask.png" "$expected" --json | grep -q '"differing_pixels": 0' ||
        { echo "packages: examples/$name gives another mask than the program"; exit 1; }
    echo "packages: examples/$name runs on the packages"
done
