# Helpers for functions that download.
{ lib, ... }:

rec {
  # Variables of the caller's environment that a download may see.
  proxyImpureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" "HTTP_PROXY" "HTTPS_PROXY" "FTP_PROXY" "ALL_PROXY" "NO_PROXY" ];

  # One `outputHash` and `outputHashAlgo` from the different ways to give a hash.
  normalizeHash = { hashTypes ? [ "sha256" ], required ? true }: arguments:
    let
      given = builtins.filter (name: arguments.${name} or "" != "") (hashTypes ++ [ "hash" ]);
      name = builtins.head given;
      rest = builtins.removeAttrs arguments (hashTypes ++ [ "hash" "outputHash" "outputHashAlgo" ]);
    in
    if arguments ? outputHash then arguments
    else if given == [ ] then
      if required then throw "fetcher: give one of ${builtins.concatStringsSep ", " (hashTypes ++ [ "hash" ])}"
      else rest
    else if builtins.length given > 1 then throw "fetcher: give only one hash"
    else rest // {
      outputHash = arguments.${name};
      outputHashAlgo = if name == "hash" then null else name;
    };

  withNormalizedHash = { hashTypes ? [ "sha256" ] }: f:
    lib.trivial.setFunctionArgs (arguments: f (normalizeHash { inherit hashTypes; } arguments))
      (builtins.removeAttrs (lib.trivial.functionArgs f) [ "outputHash" "outputHashAlgo" ]
        // lib.attrsets.genAttrs (hashTypes ++ [ "hash" ]) (_: true));
}
