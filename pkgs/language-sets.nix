# Packages of a programming language under the names that its own users know.
{ lib, archive, primops }:
final:
let
  patternPackages = arguments: primops.patternPackages ({ packages = archive; } // arguments);

  # Names on the Python package index that differ from Debian's by more than punctuation.
  pythonNames = {
    attrs = "attr";
    beautifulsoup4 = "bs4";
    opencv4 = "opencv";
    pillow = "pil";
    protobuf = "protobuf";
    psycopg2-binary = "psycopg2";
    pyjwt = "jwt";
    pyopenssl = "openssl";
    python-ldap = "ldap";
    pyxdg = "xdg";
    scikit-learn = "sklearn";
    scikit-image = "skimage";
    pytorch = "torch";
  };
  pythonPackages =
    patternPackages {
      prefix = "python3-";
      stripped = [
        "python3-"
        "python-"
        "py"
      ];
    }
    // lib.mapAttrs (_: name: archive."python3-${name}") pythonNames
    // {
      python = python3;
      inherit (final) callPackage buildPythonPackage buildPythonApplication;
    };

  # An environment of python3 and libraries, as `python3.withPackages (ps: [ ps.requests ])`.
  withPackages =
    choose:
    let
      members = [ python3 ] ++ choose pythonPackages;
    in
    final.symlinkJoin {
      name = "python3-environment";
      paths = members;
      meta.mainProgram = "python3";
    };

  python3 = archive.python3 // {
    inherit withPackages;
    pkgs = pythonPackages;
    buildEnv.override = { extraLibs ? [ ], ... }: withPackages (_: extraLibs);
    interpreter = "/usr/bin/python3";
    executable = "python3";
    sitePackages = "lib/python3/dist-packages";
    pythonVersion = lib.versions.majorMinor archive.python3.version;
    isPy3k = true;
    isPy3 = true;
  };
in
{
  inherit python3;
  python = python3;
  python3Packages = pythonPackages;
  pythonPackages = pythonPackages;

  perl = archive.perl // {
    withPackages =
      choose:
      final.symlinkJoin {
        name = "perl-environment";
        paths = [ archive.perl ] ++ choose final.perlPackages;
        meta.mainProgram = "perl";
      };
  };
  perlPackages = patternPackages {
    prefix = "lib";
    suffix = "-perl";
  };
  rubyPackages = patternPackages { prefix = "ruby-"; };
  nodePackages = patternPackages { prefix = "node-"; };
  luaPackages = patternPackages { prefix = "lua-"; };
  phpPackages = patternPackages { prefix = "php-"; };
  phpExtensions = patternPackages { prefix = "php-"; };
  haskellPackages = patternPackages {
    prefix = "libghc-";
    suffix = "-dev";
  };
  ocamlPackages = patternPackages {
    prefix = "lib";
    suffix = "-ocaml-dev";
  };
  gitAndTools = final;
  vimPlugins = patternPackages { prefix = "vim-"; };
  emacsPackages = patternPackages { prefix = "elpa-"; };
  hunspellDicts = patternPackages { prefix = "hunspell-"; };
  aspellDicts = patternPackages { prefix = "aspell-"; };
  xorg = final;
}
