# Sources from the network, fixed by their hash.
{ lib, final, ... }:
let
  hashAttributes =
    arguments:
    if arguments ? hash && arguments.hash != "" then
      {
        outputHash = arguments.hash;
        outputHashAlgo = null;
      }
    else if arguments ? outputHash then
      { inherit (arguments) outputHash outputHashAlgo; }
    else
      let
        algorithm = lib.findFirst (name: arguments ? ${name}) null [
          "sha256"
          "sha512"
          "sha1"
          "md5"
        ];
      in
      if algorithm == null then
        # The build fails and names the right hash.
        {
          outputHash = lib.fakeHash;
          outputHashAlgo = null;
        }
      else
        {
          outputHash = arguments.${algorithm};
          outputHashAlgo = algorithm;
        };

  fetchurl =
    arguments:
    let
      urls = arguments.urls or [ arguments.url ];
      hashes = hashAttributes arguments;
      executable = arguments.executable or false;
    in
    final.makePackage (
      {
        name = arguments.name or (lib.strings.sanitizeDerivationName (baseNameOf (builtins.head urls)));
        builder = "builtin:fetchurl";
        inherit urls executable;
        url = builtins.head urls;
        outputHashMode = if executable then "recursive" else "flat";
        passthru = {
          inherit urls;
        } // arguments.passthru or { };
      }
      // lib.filterAttrs (_: value: value != null) hashes
    );

  fetchTree =
    arguments:
    builtins.fetchTarball (
      {
        url = arguments.url or (builtins.head arguments.urls);
        name = arguments.name or "source";
      }
      // lib.optionalAttrs (arguments ? hash || arguments ? sha256) { sha256 = arguments.hash or arguments.sha256; }
    );

  forge = url: arguments: fetchTree (arguments // { url = url (arguments.rev or "refs/tags/${arguments.tag}"); });
in
{
  inherit fetchurl;
  fetchzip = fetchTree;
  fetchTarball = fetchTree;
  fetchgit =
    arguments:
    builtins.fetchGit (
      {
        inherit (arguments) url;
        name = arguments.name or "source";
      }
      // lib.optionalAttrs (arguments ? rev) { inherit (arguments) rev; }
    );
  fetchFromGitHub =
    arguments:
    forge (rev: "https://github.com/${arguments.owner}/${arguments.repo}/archive/${rev}.tar.gz") arguments;
  fetchFromGitLab =
    arguments:
    forge (
      rev:
      "https://${arguments.domain or "gitlab.com"}/${arguments.owner}/${arguments.repo}/-/archive/${rev}/${arguments.repo}-${rev}.tar.gz"
    ) arguments;
  fetchpatch = fetchurl;
}
