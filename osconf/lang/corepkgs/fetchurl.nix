# `<nix/fetchurl.nix>`: a file from the network as a fixed output. The derivations are those that Nix makes.
{
  url,
  name ? baseNameOf (toString url),
  executable ? false,
  unpack ? false,
  impure ? false,
  hash ? "",
  sha512 ? "",
  sha256 ? "",
  sha1 ? "",
  md5 ? "",
  # The first hash that is given counts.
  outputHash ? builtins.head (builtins.filter (given: given != "") [ hash sha512 sha1 md5 ] ++ [ sha256 ]),
  outputHashAlgo ?
    if hash != "" then ""
    else if sha512 != "" then "sha512"
    else if sha1 != "" then "sha1"
    else if md5 != "" then "md5"
    else "sha256",
  # Accepted for old callers: what is fetched is the same everywhere.
  system ? "",
}:
let
  expected = if impure then { __impure = true; } else { inherit outputHashAlgo outputHash; };
  fetched = {
    inherit url name executable unpack;
    urls = [ url ];
    builder = "builtin:fetchurl";
    system = "builtin";
    outputHashMode = if executable || unpack then "recursive" else "flat";
    preferLocalBuild = true;
    # Part of the hash, though nothing reads it.
    impureEnvVars = map (protocol: "${protocol}_proxy") [ "http" "https" "ftp" "all" "no" ];
  };
in
derivation (fetched // expected)
