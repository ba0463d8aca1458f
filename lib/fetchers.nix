# Helpers for functions that download.
{ lib, ... }:

rec {
  # Variables of the caller's environment that a download may see.
  proxyImpureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" "HTTP_PROXY" "HTTPS_PROXY" "FTP_PROXY" "ALL_PROXY" "NO_PROXY" "NIX_SSL_CERT_FILE" ];

  # One `outputHash` and `outputHashAlgo` from the different ways to give a hash. An empty hash stands for one that is not
  # known yet.
  normalizeHash = { hashTypes ? [ "sha256" ], required ? true }:
    let
      names = [ "hash" ] ++ hashTypes;
      unknown = { hash = lib.trivial.fakeHash; sha256 = lib.trivial.fakeSha256; sha512 = lib.trivial.fakeSha512; };
    in
    arguments:
    let
      given = builtins.filter (name: arguments ? ${name}) names;
      name = builtins.head given;
      rest = builtins.removeAttrs arguments names;
    in
    if arguments ? outputHash then arguments
    else if given == [ ] then
      if required then throw "fetcher: give one of ${builtins.concatStringsSep ", " names}" else rest
    else if builtins.length given > 1 then throw "fetcher: give only one of ${builtins.concatStringsSep ", " given}"
    else rest // {
      outputHashAlgo = if name == "hash" then null else name;
      outputHash =
        if arguments.${name} != "" then arguments.${name}
        else unknown.${name} or (throw "fetcher: an empty ${name} stands for nothing");
    };

  # A function of `outputHash` and `outputHashAlgo` as one that takes a hash.
  withNormalizedHash = { hashTypes ? [ "sha256" ] }: fetcher:
    let
      arguments = lib.trivial.functionArgs fetcher;
      normalize = normalizeHash { inherit hashTypes; required = !arguments.outputHash; };
    in
    assert lib.asserts.assertMsg (arguments ? outputHash && arguments ? outputHashAlgo)
      "withNormalizedHash: the function must take outputHash and outputHashAlgo";
    assert lib.asserts.assertMsg (builtins.all (name: !(arguments ? ${name})) ([ "hash" ] ++ hashTypes))
      "withNormalizedHash: the function must not take a hash in another way";
    lib.trivial.setFunctionArgs (given: fetcher (normalize given))
      (builtins.removeAttrs arguments [ "outputHash" "outputHashAlgo" ] // { hash = arguments.outputHash; });
}
