"""A tree of packages as big distributions of the language write them, made up: about 1500 files, 2 MB.

    python package_tree.py FOLDER

`FOLDER/default.nix` is a function from overlays and configuration to the package set. `FOLDER/system.nix` evaluates
modules over it. A package asks for some thirty others; an evaluation of one package forces a few hundred of thousands.
"""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

FIXED = Path(__file__).parent / "package_tree"
"""The library, the builder of packages and what ties it together; the rest is made up here."""
PACKAGES = 1150
LISTED = 4000
"""Entries of all-packages.nix: most are aliases, overrides and variants that nobody asks for."""
MODULES = 300
WORDS = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet"),
    *("jasper", "knoll", "larch", "maple", "north", "ocean", "pearl", "quarry"),
)


def package_name(number: int) -> str:
    """The name of a package: every third is a library."""
    if number % 3:
        return f"{WORDS[number % len(WORDS)]}-{WORDS[number * 7 % 13]}{number}"
    return f"lib{WORDS[number % 17]}{number}"


def write_package(number: int, pick: random.Random) -> str:
    """A package that uses packages with smaller numbers."""
    name = package_name(number)
    count = min(number, pick.randint(1, 7))
    used = sorted({package_name(pick.randrange(max(0, number - 160), number)) for _ in range(count)})
    native, libraries = used[: len(used) // 2], used[len(used) // 2 :]
    optional = libraries[-1:] if pick.random() < 0.4 else []
    version = f"{pick.randint(0, 9)}.{pick.randint(0, 40)}.{pick.randint(0, 9)}"
    formals = ["lib", "stdenv", "fetchurl", *used, *(["enableDocs ? false"] if pick.random() < 0.3 else [])]
    flag = f"with{WORDS[number % 17].title()}"
    if optional:
        formals.append(f"{flag} ? {'true' if number % 2 else 'stdenv.hostPlatform.isLinux'}")
    inputs = f"[ {' '.join(library for library in libraries if library not in optional)} ]"
    if optional:
        inputs += f" ++ lib.optionals {flag} [ {optional[0]} ]"
    is_final = pick.random() < 0.5
    own = "finalAttrs" if is_final else ""
    version_use = "${finalAttrs.version}" if is_final else "${version}"
    hash_text = f"{pick.getrandbits(256):064x}"
    lines = [
        "{",
        *(f"  {formal}," for formal in formals),
        "}:",
        "",
        f"stdenv.mkDerivation ({own}{': ' if is_final else 'rec '}{{",
        f'  pname = "{name}";',
        f'  version = "{version}";',
        "",
        "  src = fetchurl {",
        f'    url = "https://example.org/{name}/{name}-{version_use}.tar.xz";',
        f'    hash = "{hash_text}";',
        "  };",
        "",
    ]
    if pick.random() < 0.3:
        lines += ["  patches = [", f"    ./{name}.patch", "  ];", ""]
    lines += [f"  nativeBuildInputs = [ {' '.join(native)} ];", "", f"  buildInputs = {inputs};", ""]
    if pick.random() < 0.6:
        lines += [
            "  configureFlags = [",
            *(
                f'    "--{pick.choice(("enable", "with", "disable"))}-{pick.choice(WORDS)}"'
                for _ in range(pick.randint(1, 6))
            ),
            '    (lib.enableFeature stdenv.hostPlatform.isLinux "threads")',
            f'  ] ++ lib.optionals (lib.versionAtLeast "{version}" "2.0") [ "--with-{WORDS[number % 17]}" ];',
            "",
        ]
    if pick.random() < 0.5:
        lines += [
            "  postPatch = ''",
            "    substituteInPlace Makefile \\",
            f'      --replace-fail "/usr/local" "$out" --replace-fail "@VERSION@" "{version_use}"',
            "    patchShebangs ./tools",
            "  ''",
            f'  + lib.optionalString stdenv.hostPlatform.isDarwin "rm -r {pick.choice(WORDS)}";',
            "",
        ]
    if pick.random() < 0.5:
        lines += [
            "  postInstall = ''",
            f"    install -Dm644 docs/{name}.1 -t $out/share/man/man1",
            *(
                f"    wrapProgram $out/bin/{word} --prefix PATH : ${{lib.makeBinPath [ {' '.join(native)} ]}}"
                for word in WORDS[: pick.randint(0, 2)]
                if native
            ),
            "  '';",
            "",
        ]
    if pick.random() < 0.3:
        lines += ['  outputs = [ "out" "dev" ];', ""]
    lines += [
        f"  doCheck = {'true' if pick.random() < 0.3 else 'false'};",
        "",
        "  passthru = {",
        f'    tests.version = "{version}";',
        f'    updateScript = "update-{name}";',
        "  };",
        "",
        f"  meta = {'with lib; ' if number % 2 else ''}{{",
        f'    description = "{" ".join(pick.choice(WORDS) for _ in range(6))}";',
        '    longDescription = "' + " ".join(pick.choice(WORDS) for _ in range(30)) + '";',
        f'    homepage = "https://example.org/{name}";',
        f"    license = {'' if number % 2 else 'lib.'}licenses.{pick.choice(('mit', 'gpl3Plus', 'asl20', 'bsd3'))};",
        '    platforms = [ "x86_64-linux" "aarch64-linux" ];',
        f'    maintainers = [ "{pick.choice(WORDS)}" ];',
        f'    mainProgram = "{name}";',
        "  };",
        "})",
    ]
    return "\n".join(lines) + "\n"


def write_listing(pick: random.Random) -> str:
    """all-packages.nix."""
    lines = ["{ lib, config }:", "self: super: pkgs:", "with pkgs;", "{", ""]
    for number in range(PACKAGES):
        name = package_name(number)
        lines.append(f"  {name} = callPackage ./pkgs/{name[:2]}/{name} {{ }};")
    for number in range(LISTED):
        base, other = (package_name(pick.randrange(PACKAGES)) for _ in range(2))
        folder, arguments = f"./pkgs/{other[:2]}/{other}", f"{{ inherit ({base}) src; }}"
        entries = (
            f"{base}_{number} = {base};",
            f"{base}-variant{number} = callPackage ./pkgs/{base[:2]}/{base} {{ stdenv = gccStdenv; }};",
            f"{base}-full{number} = {base}.override {{ fetchurl = bootFetch; lib = lib // {{ {other} = null; }}; }};",
            f"inherit (callPackages {folder} {arguments}) {other}_{number}a {other}_{number}b;",
        )
        lines.append(f"  {entries[number % 4]}")
        if number % 10 == 0:
            lines.append(f"\n  ### {pick.choice(WORDS).upper()} / {pick.choice(WORDS).upper()}\n")
    return "\n".join([*lines, "}"]) + "\n"


def write_module(number: int, pick: random.Random) -> str:
    name = f"{WORDS[number % 17]}{number}"
    others = [f"{WORDS[other % 17]}{other}" for other in (pick.randrange(MODULES) for _ in range(2))]
    package = package_name(pick.randrange(PACKAGES // 2))
    return f"""{{ config, lib, pkgs, ... }}:

with lib;

let
  cfg = config.services.{name};
  settings = {{ listen = cfg.port; level = cfg.logLevel; }} // cfg.settings;
  format = value: if isBool value then boolToString value else toString value;
in
{{
  options = {{
    services.{name} = {{
      enable = mkEnableOption "{name}, a service";
      package = mkOption {{
        type = types.package;
        default = pkgs.{package};
        description = "The package to use.";
      }};
      port = mkOption {{
        type = types.port;
        default = {1000 + number};
        description = "Port on which {name} listens.";
      }};
      logLevel = mkOption {{
        type = types.enum [ "debug" "info" "warning" ];
        default = "info";
        example = "debug";
        description = "How much {name} says.";
      }};
      openFirewall = mkOption {{
        type = types.bool;
        default = false;
        description = "Whether to open the port.";
      }};
      settings = mkOption {{
        type = types.attrsOf types.anything;
        default = {{ }};
        description = "Settings of {name}.";
      }};
      instances = mkOption {{
        type = types.attrsOf (types.submodule {{
          options = {{
            address = mkOption {{ type = types.str; default = "::1"; description = "Address."; }};
            workers = mkOption {{ type = types.int; default = 4; description = "Workers."; }};
          }};
        }});
        default = {{ }};
        description = "Instances.";
      }};
    }};
  }};

  config = mkIf cfg.enable (mkMerge [
    {{
      system.units.{name} = {{
        description = "{name} daemon";
        after = [ "network.target" ] ++ optional config.services.{others[0]}.enable "{others[0]}.service";
        script = ''
          exec ${{cfg.package}}/bin/{name} --port ${{toString cfg.port}} \\
            ${{concatStringsSep " " (mapAttrsToList (n: v: "--${{n}}=${{escapeShellArg (format v)}}") settings)}}
        '';
        environment = mapAttrs' (n: v: nameValuePair (toUpper n) v.address) cfg.instances;
      }};
      system.users.{name} = {{ uid = {1000 + number}; home = "/var/lib/{name}"; }};
    }}
    (mkIf cfg.openFirewall {{ system.ports = [ cfg.port ]; }})
    (mkIf (cfg.logLevel == "debug") {{ services.{others[1]}.logLevel = mkDefault "debug"; }})
  ]);
}}
"""


def write_licenses() -> str:
    """A long list of which four members are used."""
    names = ["mit", "gpl3Plus", "asl20", "bsd3", *(f"l{n}" for n in range(120))]
    members = [f'  {name} = {{ spdxId = "{name.upper()}"; fullName = "The {name} licence"; }};\n' for name in names]
    return (
        "{ lib }:\nbuiltins.mapAttrs (name: l: { shortName = name; free = true; } // l) {\n" + "".join(members) + "}\n"
    )


def write_aliases(pick: random.Random) -> str:
    """Old names."""
    head = """lib: self: super:
with self;
let
  check = alias: if lib.isAttrs alias then alias else throw "bad alias";
in
{
"""
    names = [package_name(pick.randrange(PACKAGES)) for _ in range(1500)]
    return (
        head + "".join(f"  old-{n} = check {name}; # since 20{n % 20 + 5:02}\n" for n, name in enumerate(names)) + "}\n"
    )


def write_configuration() -> str:
    """What a machine wants of the modules."""
    services = [
        f"""  services.{WORDS[n % 17]}{n} = {{
    enable = true;
    openFirewall = {"true" if n % 2 else "false"};
    settings.verbose = {"true" if n % 3 else "false"};
    instances.a = {{ workers = {n}; }};
    instances.b = {{ }};
  }};
"""
        for n in range(0, MODULES, 6)
    ]
    return "{ config, lib, pkgs, ... }:\n{\n" + "".join(services) + "}\n"


def write_tree(folder: Path, seed: int = 1) -> None:
    """Write the whole tree."""
    pick = random.Random(seed)
    shutil.copytree(FIXED, folder, dirs_exist_ok=True)
    texts = {
        "lib/licenses.nix": write_licenses(),
        "all-packages.nix": write_listing(pick),
        "aliases.nix": write_aliases(pick),
        "configuration.nix": write_configuration(),
    }
    for number in range(PACKAGES):
        name = package_name(number)
        text = texts[f"pkgs/{name[:2]}/{name}/default.nix"] = write_package(number, pick)
        if ".patch" in text:
            texts[f"pkgs/{name[:2]}/{name}/{name}.patch"] = f"--- a/{name}\n"
    modules = [f"{WORDS[number % 17]}/{WORDS[number % 17]}{number}.nix" for number in range(MODULES)]
    for number, path in enumerate(modules):
        texts[f"modules/{path}"] = write_module(number, pick)
    texts["modules/default.nix"] = "[\n" + "".join(f"  ./{path}\n" for path in ["system.nix", *modules]) + "]\n"
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


if __name__ == "__main__":
    write_tree(Path(sys.argv[1]))
