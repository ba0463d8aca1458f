# The shell of every build: inputs, then `buildCommand`, or the phases of a source package.
set -e -o pipefail
umask 022

if [ -n "${NIX_ATTRS_SH_FILE:-}" ]; then
  . "$NIX_ATTRS_SH_FILE"
  for name in "${!outputs[@]}"; do
    export "$name=${outputs[$name]}"
  done
fi
export HOME=${HOME:-/homeless-shelter}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1}
export LC_ALL=${LC_ALL:-C.UTF-8}
export DEB_PYTHON_INSTALL_LAYOUT=deb
: "${outputs:=out}"
prefix=${prefix:-${out:-}}

for input in ${builtInputs[@]:-}; do
  [ -d "$input/bin" ] && PATH="$input/bin:$PATH"
  [ -d "$input/include" ] && export CPATH="$input/include${CPATH:+:$CPATH}"
  [ -d "$input/lib" ] && export LIBRARY_PATH="$input/lib${LIBRARY_PATH:+:$LIBRARY_PATH}"
  [ -d "$input/lib" ] && NIX_LDFLAGS="${NIX_LDFLAGS:-} -Wl,-rpath,$input/lib"
  [ -d "$input/lib/pkgconfig" ] && export PKG_CONFIG_PATH="$input/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
done
[ -n "${NIX_LDFLAGS:-}" ] && export LDFLAGS="${LDFLAGS:-}${NIX_LDFLAGS}"

# -- functions that builds use -----------------------------------------------------------------------------------------

runHook() {
  local name=$1 function=${1}
  if declare -F "$function" > /dev/null; then
    "$function"
  elif [ -n "${!name:-}" ]; then
    eval "${!name}"
  fi
}

# substitute FILE OUTPUT [--replace OLD NEW | --replace-fail … | --subst-var NAME | --subst-var-by NAME VALUE]…
substitute() {
  local input=$1 output=$2 content original old new
  shift 2
  content=$(cat "$input"; printf x)
  content=${content%x}
  while [ $# -gt 0 ]; do
    original=$content
    case $1 in
      --replace | --replace-fail | --replace-warn | --replace-quiet)
        old=$2 new=$3
        content=${content//"$old"/"$new"}
        if [ "$content" = "$original" ] && [ "$old" != "$new" ] && [ "$1" = --replace-fail ]; then
          echo "substitute: '$old' does not occur in $input" >&2
          return 1
        fi
        shift 3
        ;;
      --subst-var)
        content=${content//"@$2@"/"${!2}"}
        shift 2
        ;;
      --subst-var-by)
        content=${content//"@$2@"/"$3"}
        shift 3
        ;;
      *)
        echo "substitute: unknown argument $1" >&2
        return 1
        ;;
    esac
  done
  printf %s "$content" > "$output.substituted"
  [ -e "$output" ] && chmod --reference="$output" "$output.substituted"
  mv -f "$output.substituted" "$output"
}

substituteInPlace() {
  local files=()
  while [ $# -gt 0 ] && [ "${1#--}" = "$1" ]; do
    files+=("$1")
    shift
  done
  local file
  for file in "${files[@]}"; do
    substitute "$file" "$file" "$@"
  done
}

# The file behind a program: a link to /usr/bin/NAME leads to the package's own file, which no environment replaces.
resolveProgram() {
  local path=$1 target directory
  while [ -L "$path" ]; do
    target=$(readlink "$path")
    case $target in
      /usr/*)
        directory=$(dirname "$path")/../contents
        if [ -e "$directory$target" ]; then
          path=$(realpath -s "$directory$target")
        else
          path=$target
        fi
        break
        ;;
      /*) path=$target ;;
      *) path=$(dirname "$path")/$target ;;
    esac
  done
  printf %s "$path"
}

# makeWrapper PROGRAM WRAPPER [--set NAME VALUE | --set-default | --unset | --prefix NAME SEP VALUE | --suffix | --add-flags | --run]…
makeWrapper() {
  local program=$1 wrapper=$2 flags="" appended=""
  shift 2
  mkdir -p "$(dirname "$wrapper")"
  {
    echo "#!/usr/bin/bash"
    while [ $# -gt 0 ]; do
      case $1 in
        --set) printf 'export %s=%q\n' "$2" "$3"; shift 3 ;;
        --set-default) printf 'export %s=${%s-%q}\n' "$2" "$2" "$3"; shift 3 ;;
        --unset) printf 'unset %s\n' "$2"; shift 2 ;;
        --prefix) printf 'export %s=%q${%s:+%q}${%s:-}\n' "$2" "$4" "$2" "$3" "$2"; shift 4 ;;
        --suffix) printf 'export %s=${%s:-}${%s:+%q}%q\n' "$2" "$2" "$2" "$3" "$4"; shift 4 ;;
        --run) printf '%s\n' "$2"; shift 2 ;;
        --chdir) printf 'cd %q\n' "$2"; shift 2 ;;
        --argv0) shift 2 ;;
        --inherit-argv0) shift ;;
        --add-flag) flags="$flags $(printf %q "$2")"; shift 2 ;;
        --add-flags) flags="$flags $2"; shift 2 ;;
        --append-flags) appended="$appended $2"; shift 2 ;;
        *) echo "makeWrapper: unknown argument $1" >&2; return 1 ;;
      esac
    done
    printf 'exec %q%s "$@"%s\n' "$program" "$flags" "$appended"
  } > "$wrapper.new"
  chmod +x "$wrapper.new"
  mv -f "$wrapper.new" "$wrapper"
}
makeShellWrapper() { makeWrapper "$@"; }
makeBinaryWrapper() { makeWrapper "$@"; }

wrapProgram() {
  local program=$1 hidden
  shift
  if [ -L "$program" ]; then
    hidden=$(resolveProgram "$program")
    rm -f "$program"
  else
    hidden=$(dirname "$program")/.$(basename "$program")-wrapped
    mv "$program" "$hidden"
  fi
  makeWrapper "$hidden" "$program" "$@"
}
wrapProgramShell() { wrapProgram "$@"; }

installBin() { install -D -m 0755 -t "$out/bin" "$@"; }

installManPage() {
  local page section
  for page in "$@"; do
    section=${page%.gz}
    install -D -m 0644 "$page" "$out/share/man/man${section##*.}/$(basename "$page")"
  done
}

installShellCompletion() {
  local kind="" name="" command=""
  while [ $# -gt 0 ]; do
    case $1 in
      --bash | --zsh | --fish) kind=${1#--}; shift ;;
      --name) name=$2; shift 2 ;;
      --cmd) command=$2; shift 2 ;;
      *)
        local file=$1 base
        base=${name:-${command:-$(basename "$file" ".${kind:-${file##*.}}")}}
        case ${kind:-${file##*.}} in
          bash) install -D -m 0644 "$file" "$out/share/bash-completion/completions/$base" ;;
          zsh) install -D -m 0644 "$file" "$out/share/zsh/site-functions/_${base#_}" ;;
          fish) install -D -m 0644 "$file" "$out/share/fish/vendor_completions.d/${base%.fish}.fish" ;;
        esac
        shift
        ;;
    esac
  done
}

# -- the phases of a source package ------------------------------------------------------------------------------------

runPhase() {
  local name=$1 skip=$2
  [ -n "${!skip:-}" ] && return 0
  echo "── $name"
  if [ -n "${!name:-}" ]; then
    eval "${!name}"
  elif declare -F "default_$name" > /dev/null; then
    "default_$name"
  fi
}

default_unpackPhase() {
  runHook preUnpack
  local source before after
  before=$(ls -A)
  for source in ${srcs[@]:-} ${src:-}; do
    if [ -d "$source" ]; then
      cp -r --no-preserve=ownership "$source" "$(basename "$source" | cut -d- -f2-)"
    else
      case $source in
        *.zip) unzip -q "$source" ;;
        *.tar | *.tar.* | *.tgz | *.tbz2 | *.txz) tar -x --no-same-owner -f "$source" ;;
        *) cp "$source" "$(basename "$source" | cut -d- -f2-)" ;;
      esac
    fi
  done
  chmod -R u+w .
  if [ -z "${sourceRoot:-}" ]; then
    after=$(comm -13 <(printf '%s\n' "$before" | sort) <(ls -A | sort) | while read -r entry; do
      [ -d "$entry" ] && printf '%s\n' "$entry"
    done || true)
    sourceRoot=$(printf '%s\n' "$after" | head -n 1)
  fi
  [ -n "$sourceRoot" ] && cd "$sourceRoot"
  runHook postUnpack
}

default_patchPhase() {
  runHook prePatch
  local patch
  for patch in ${patches[@]:-}; do
    patch -p1 < "$patch"
  done
  runHook postPatch
}

default_configurePhase() {
  runHook preConfigure
  if [ -x "${configureScript:-./configure}" ]; then
    "${configureScript:-./configure}" --prefix="$prefix" ${configureFlags[@]:-}
  elif [ -f meson.build ] && command -v meson > /dev/null; then
    meson setup build --prefix="$prefix" --buildtype=release ${mesonFlags[@]:-}
    cd build
  elif [ -f CMakeLists.txt ] && command -v cmake > /dev/null; then
    cmake -S . -B build -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_BUILD_TYPE=Release ${cmakeFlags[@]:-}
    cd build
  fi
  runHook postConfigure
}

default_buildPhase() {
  runHook preBuild
  if [ -f build.ninja ]; then
    ninja -j "${NIX_BUILD_CORES:-1}"
  elif [ -f "${makefile:-Makefile}" ] || [ -f makefile ] || [ -f GNUmakefile ]; then
    make -j "${NIX_BUILD_CORES:-1}" ${makefile:+-f "$makefile"} ${makeFlags[@]:-} ${buildFlags[@]:-}
  fi
  runHook postBuild
}

default_checkPhase() {
  runHook preCheck
  make ${makefile:+-f "$makefile"} ${makeFlags[@]:-} ${checkTarget:-check}
  runHook postCheck
}

default_installPhase() {
  runHook preInstall
  if [ -f build.ninja ]; then
    ninja install
  elif [ -f "${makefile:-Makefile}" ] || [ -f makefile ] || [ -f GNUmakefile ]; then
    make ${makefile:+-f "$makefile"} prefix="$prefix" ${makeFlags[@]:-} ${installFlags[@]:-} ${installTargets:-install}
  fi
  runHook postInstall
}

default_fixupPhase() {
  runHook preFixup
  local file
  if [ -z "${dontStrip:-}" ] && command -v strip > /dev/null; then
    find "$out" -type f \( -path '*/bin/*' -o -path '*/sbin/*' -o -name '*.so*' \) -print0 \
      | while IFS= read -r -d '' file; do strip --strip-unneeded -p "$file" 2> /dev/null || true; done
  fi
  # libtool's files name directories of the build.
  find "$out" -name '*.la' -type f -delete
  runHook postFixup
}

# -- the build -----------------------------------------------------------------------------------------------------------

genericBuild() {
  if [ -n "${buildCommand:-}" ]; then
    eval "$buildCommand"
  elif [ -n "${buildCommandPath:-}" ]; then
    . "$buildCommandPath"
  elif [ -n "${isSourceBuild:-}" ]; then
    [ -n "${doCheck:-}" ] || dontCheck=1
    if [ -n "${phases:-}" ]; then
      for phase in ${phases[@]}; do runPhase "$phase" "none"; done
    else
      runPhase unpackPhase dontUnpack
      runPhase patchPhase dontPatch
      runPhase configurePhase dontConfigure
      runPhase buildPhase dontBuild
      runPhase checkPhase dontCheck
      runPhase installPhase dontInstall
      runPhase fixupPhase dontFixup
    fi
  fi
}

# A builder of its own that reads `$stdenv/setup` calls what it wants.
[ -n "${onlyFunctions:-}" ] || genericBuild
