#!/usr/bin/env bash
# Makes every file of a release: release.sh VERSION OUT. VERSION must be the one in Directory.Build.props, from which all files have it.
#   lungseg-VERSION-RID.tar.gz|.zip       the program: linux-x64, linux-arm64 and win-x64 native; linux-x64-jit, linux-musl-x64 and
#                                         win-x64-jit with .NET inside
#   liblungseg-VERSION-RID.tar.gz|.zip    the C library with header and examples; for linux-x64 also the static one
#   lungseg-server-VERSION-linux-x64.tar.gz   the service
#   lungseg_VERSION_ARCH.deb, lungseg-server_VERSION_amd64.deb
#   lungseg-VERSION-container.tar.gz      a Dockerfile with the root folder of its image
#   *.whl, *.nupkg, *.snupkg              Python wheels, .NET packages
#   lungseg-VERSION.cdx.json              what is inside (CycloneDX)
#   SHA256SUMS
# The same commit gives the same bytes, whatever the folder of the clone. Runs on Debian x64 with the .NET SDK, gcc, clang, lld, llvm,
# binutils, libc6-dev-arm64-cross, libgcc-12-dev-arm64-cross, gcc-mingw-w64-x86-64-win32, dpkg-dev and python3. The working tree must be
# clean. tests/release.sh runs what this makes.
# LUNGSEG_NATIVE_QUALITY=5 compresses the native files in seconds instead of minutes, to try the script.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,15p' "$0"; exit 2; }
version=$1
out=$(realpath -m "$2")
cd "$(dirname "$0")/.."
grep -qF "<Version>$version</Version>" Directory.Build.props || { echo "release.sh: Directory.Build.props has another version than '$version'"; exit 2; }
[ -z "$(git status --porcelain)" ] || { echo "release.sh: the working tree has changes: commit them first"; exit 2; }
[ ! -e "$out" ] || [ -z "$(ls -A "$out")" ] || { echo "release.sh: '$out' is not empty"; exit 2; }

# One build is like the other: its time is the commit's, paths are mapped, and no server of an earlier build is asked.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH LungSegRelease=true LC_ALL=C TZ=UTC
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
umask 022
work=$PWD/artifacts/release
rm -rf "$work"
mkdir -p "$work" "$out"
dotnet_notices=$(dirname "$(dotnet --list-sdks | sed -n '$s/.*\[\(.*\)\]/\1/p')")/ThirdPartyNotices.txt
say() { echo "release: $*"; }

# notices FOLDER: the licences of all that is inside.
notices() {
    mkdir -p "$1"
    cp LICENSE THIRD-PARTY-NOTICES.txt "$1"
    cp weights/README.md "$1/WEIGHTS.md"
    cp "$dotnet_notices" "$1/DOTNET-NOTICES.txt"
}

# archive NAME: the folder NAME of $work as NAME.tar.gz, or as NAME.zip with "zip" behind it.
archive() {
    if [ "${2:-}" = zip ]; then
        python3 tools/zip.py "$work" "$1" "$out/$1.zip"
    else
        tar --sort=name --format=ustar --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -C "$work" -c "$1" |
            gzip -9n > "$out/$1.tar.gz"
    fi
    say "$1"
}

# deb NAME ARCHITECTURE DEPENDS SUMMARY: the folder NAME_ARCHITECTURE of $work as a package of Debian's.
deb() {
    local root=$work/$1_$2
    mkdir -p "$root/DEBIAN" "$root/usr/share/doc/$1"
    notices "$root/usr/share/doc/$1"
    mv "$root/usr/share/doc/$1/LICENSE" "$root/usr/share/doc/$1/copyright"
    gzip -9nc CHANGELOG.md > "$root/usr/share/doc/$1/changelog.gz"
    cat > "$root/DEBIAN/control" <<END
Package: $1
Version: $version
Architecture: $2
Maintainer: LungSeg contributors
Section: science
Priority: optional
Depends: $3
Installed-Size: $(du -sk --apparent-size "$root/usr" | cut -f 1)
Description: $4
 For research use only, not a medical device.
END
    [ ! -d "$root/etc" ] || (cd "$root" && find etc -type f | sort | sed 's|^|/|') > "$root/DEBIAN/conffiles"
    (cd "$root" && find . -type f -not -path './DEBIAN/*' | sort | xargs md5sum | sed 's| \./| |') > "$root/DEBIAN/md5sums"
    find "$root" -exec chmod u=rwX,go=rX {} +
    dpkg-deb --root-owner-group -Zxz --threads-max=1 -b "$root" "$out/$1_${version}_$2.deb" > /dev/null
    say "$1_${version}_$2.deb"
}

publish() { dotnet publish "$1" -c Release -r "$2" -o "$3" -v q --nologo -p:RunAnalyzers=false; }

# Packages first: their restore is locked, the platforms' is not.
tools/pack.sh "$out"
say "packages"

# The program's own words become its manual and its shells' completions.
publish src/Cli linux-x64 "$work/lungseg-$version-linux-x64-jit"
jit=$work/lungseg-$version-linux-x64-jit/lungseg
notices "$(dirname "$jit")"
archive "lungseg-$version-linux-x64-jit"
mkdir "$work/words"
"$jit" '[document]' | python3 tools/man.py "$version" > "$work/words/lungseg.1"
for shell in bash zsh fish; do "$jit" completion $shell > "$work/words/$shell"; done

name=lungseg-$version-linux-musl-x64
publish src/Cli linux-musl-x64 "$work/$name"
notices "$work/$name"
archive "$name"
name=lungseg-$version-win-x64-jit
publish src/Cli win-x64 "$work/$name"
notices "$work/$name"
archive "$name" zip

# library RID [zip]: the C library for RID.
library() {
    local name=liblungseg-$version-$1 language
    tools/native.sh library "$1" "$work/$name/lib"
    [ "$1" != linux-x64 ] || tools/native.sh static "$1" "$work/$name/lib"
    rm "$work/$name/lib/lungseg.h"
    notices "$work/$name"
    cp -R include "$work/$name/include"
    for language in c cpp go python; do
        mkdir -p "$work/$name/examples/$language"
        git ls-files "examples/$language" | xargs -I{} cp {} "$work/$name/examples/$language"
    done
    archive "$name" ${2:-}
}

name=lungseg-$version-win-x64
tools/native.sh program win-x64 "$work/$name"
notices "$work/$name"
archive "$name" zip
library win-x64 zip
tools/wheel.py "$work/liblungseg-$version-win-x64/lib/liblungseg.dll" "$out" win-x64 > /dev/null

for rid in linux-x64 linux-arm64; do
    architecture=$([ $rid = linux-x64 ] && echo amd64 || echo arm64)
    name=lungseg-$version-$rid root=$work/lungseg_$architecture
    tools/native.sh program $rid "$work/$name"
    notices "$work/$name"
    install -D -m 644 "$work/words/lungseg.1" "$work/$name/man/lungseg.1"
    for shell in bash zsh fish; do install -D -m 644 "$work/words/$shell" "$work/$name/completions/$shell"; done
    archive "$name"

    install -D -m 755 "$work/$name/lungseg" "$root/usr/bin/lungseg"
    mkdir -p "$root/usr/share/man/man1"
    gzip -9nc "$work/words/lungseg.1" > "$root/usr/share/man/man1/lungseg.1.gz"
    install -D -m 644 "$work/words/bash" "$root/usr/share/bash-completion/completions/lungseg"
    install -D -m 644 "$work/words/zsh" "$root/usr/share/zsh/vendor-completions/_lungseg"
    install -D -m 644 "$work/words/fish" "$root/usr/share/fish/vendor_completions.d/lungseg.fish"
    deb lungseg $architecture "libc6 (>= 2.28)" "finds the lungs in frontal chest X-rays"

    library $rid
    tools/wheel.py "$work/liblungseg-$version-$rid/lib/liblungseg.so" "$out" $rid > /dev/null
done

publish src/Server linux-x64 "$work/lungseg-server-$version-linux-x64"
notices "$work/lungseg-server-$version-linux-x64"
cp deploy/systemd/* "$work/lungseg-server-$version-linux-x64"
archive "lungseg-server-$version-linux-x64"
root=$work/lungseg-server_amd64 home=/usr/lib/lungseg-server
mkdir -p "$root$home" "$root/etc/lungseg" "$root/usr/lib/systemd/system"
cp -R "$work/lungseg-server-$version-linux-x64/"{lungseg-server,weights} "$root$home"
sed "s|/opt/lungseg/|$home/|" deploy/systemd/lungseg-server.service > "$root/usr/lib/systemd/system/lungseg-server.service"
echo 'LUNGSEG_SERVE=--http 127.0.0.1:8080' > "$root/etc/lungseg/server.env"
deb lungseg-server amd64 "libc6 (>= 2.27), libgcc-s1, libstdc++6" "finds the lungs in chest X-rays as a service: HTTP, DICOM, folders"

container=$work/lungseg-$version-container
mkdir "$container" "$work/program"
cp "$work/lungseg-$version-linux-x64/lungseg" "$work/program"
deploy/container/root.sh "$work/program" "$container/root"
sed "s|lungseg:[0-9.]* |lungseg:$version |" deploy/container/Dockerfile > "$container/Dockerfile"
notices "$container/root/usr/share/doc/lungseg"
archive "lungseg-$version-container"

dotnet tool restore > /dev/null
for project in Cli Server; do
    dotnet CycloneDX "src/$project/$project.csproj" -dpr -ns -F Json -sn "lungseg-$project" -sv "$version" -o "$work/sbom" -fn "$project.json" > "$work/sbom.log" 2>&1 ||
        { cat "$work/sbom.log"; exit 1; }
done
python3 tools/sbom.py "$version" "$out" "$work/sbom/"{Cli,Server}.json > "$out/lungseg-$version.cdx.json"
say "lungseg-$version.cdx.json"

(cd "$out" && find . -type f -not -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum > "$work/sums" && mv "$work/sums" SHA256SUMS)
(cd "$out" && stat -c '%12s  %n' -- *)
