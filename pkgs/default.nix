# The package set: every package of the archive under its own name, the names that people know from nixpkgs, and what
# builds files, programs, environments and systems out of them.
#
#   import <osconf/pkgs> { }
{
  suite ? "trixie",
  components ?
    if config.allowUnfree or false then
      [ "main" "contrib" "non-free" "non-free-firmware" ]
    else
      [ "main" ],
  architecture ? "amd64",
  # The suites and directories to take packages from, in order of preference: [ { suite = "trixie"; components = [ "main" ]; }
  # { directory = "/srv/debs"; } ]; see complete-source.nix.
  sources ? import ./sources.nix { inherit suite components architecture; },
  # [ (final: prev: { … }) ]
  overlays ? [ ],
  # { allowUnfree ? false; packageOverrides ? prev: { }; }
  config ? { },
  lib ? import ../lib,
  primops ? import <osconf/primops>,
}:
let
  completeSources = map (import ./complete-source.nix) sources;

  system =
    {
      amd64 = "x86_64-linux";
      arm64 = "aarch64-linux";
      riscv64 = "riscv64-linux";
    }
    .${debianArchitecture};
  debianArchitecture = (builtins.head completeSources).architecture;

  programs = import ./programs.nix;

  # Names of the archive as they are; nothing above changes what an environment is made of.
  archive = primops.archivePackages {
    sources = completeSources;
    build = import ./archive-package.nix {
      inherit
        lib
        system
        primops
        programs
        ;
      findPackage = name: archive.${name};
    };
  };

  # The same set over other sources.
  withSources =
    other:
    import ./. {
      sources = other;
      inherit
        config
        overlays
        lib
        primops
        ;
    };
  suiteNames = [
    "bookworm"
    "trixie"
    "forky"
    "sid"
  ];

  self-describing = final: {
    inherit
      lib
      config
      system
      overlays
      archive
      ;
    sources = completeSources;
    path = ./.;
    pkgs = final;
    buildPackages = final;
    extend = overlay: makeSet (overlays ++ [ overlay ]);
    appendOverlays = more: makeSet (overlays ++ more);
    backports = withSources (
      sources ++ import ./sources.nix {
        inherit suite components architecture;
        pockets = [ "backports" ];
        own = false;
      }
    );
    withArchiveSources = withSources;
  };

  suites =
    _:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = withSources (
          import ./sources.nix {
            suite = name;
            inherit components architecture;
          }
        );
      }) suiteNames
    );

  layers = [
    suites
    (import ./aliases.nix { inherit lib archive; })
    (import ./language-sets.nix { inherit lib archive primops; })
    (import ./linux-packages.nix { inherit lib archive debianArchitecture; })
    (import ./build-support {
      inherit lib system archive primops;
      sources = completeSources;
    })
    (final: import ./boot { pkgs = final; inherit lib; })
    (import ./osconf.nix { inherit lib primops; })
    self-describing
  ];

  base = final: builtins.foldl' (set: layer: set // layer final) archive layers;

  makeSet =
    overlays:
    let
      final = builtins.foldl' (previous: overlay: previous // overlay final previous) (base final) overlays;
    in
    final;
  configured = if config ? packageOverrides then [ (_: config.packageOverrides) ] else [ ];
in
makeSet (configured ++ overlays)
