# Microarchitectures of x86: the instruction sets they have, and which others' programs they run.
{ lib }:

let
  # Each name with those whose programs it runs, the nearest first.
  nearest = rec {
    x86-64 = [ ];
    x86-64-v2 = [ "x86-64" ];
    x86-64-v3 = [ "x86-64-v2" ];
    x86-64-v4 = [ "x86-64-v3" ];
    nehalem = [ "x86-64-v2" ];
    westmere = [ "nehalem" ];
    sandybridge = [ "westmere" ];
    ivybridge = [ "sandybridge" ];
    haswell = [ "ivybridge" "x86-64-v3" ];
    broadwell = [ "haswell" ];
    skylake = [ "broadwell" ];
    skylake-avx512 = [ "skylake" "x86-64-v4" ];
    cannonlake = [ "skylake-avx512" ];
    icelake-client = [ "cannonlake" ];
    icelake-server = [ "icelake-client" ];
    cascadelake = [ "cannonlake" ];
    cooperlake = [ "cascadelake" ];
    tigerlake = [ "icelake-server" ];
    sapphirerapids = [ "tigerlake" ];
    emeraldrapids = [ "sapphirerapids" ];
    alderlake = [ "skylake" ];
    sierraforest = [ "alderlake" ];
    btver1 = [ "x86-64" ];
    btver2 = [ "x86-64-v2" ];
    bdver1 = [ "x86-64-v2" ];
    bdver2 = [ "bdver1" ];
    bdver3 = [ "bdver2" ];
    bdver4 = [ "bdver3" "x86-64-v3" ];
    znver1 = [ "x86-64-v3" ];
    znver2 = [ "znver1" ];
    znver3 = [ "znver2" ];
    znver4 = [ "znver3" "x86-64-v4" ];
    znver5 = [ "znver4" ];
  };
  below = name: lib.lists.unique (builtins.concatMap (one: [ one ] ++ below one) (nearest.${name} or [ ]));

  upToSse41 = [ "sse3" "ssse3" "sse4_1" ];
  upToSse42 = upToSse41 ++ [ "sse4_2" ];
  upToAvx2 = upToSse42 ++ [ "aes" "avx" "avx2" "fma" ];
  upToAvx512 = upToAvx2 ++ [ "avx512" ];
in
rec {
  # The instruction sets of a name.
  features = {
    default = [ ];
    x86-64 = [ ];
    x86-64-v2 = upToSse42;
    x86-64-v3 = upToSse42 ++ [ "avx" "avx2" "fma" ];
    x86-64-v4 = upToSse42 ++ [ "avx" "avx2" "avx512" "fma" ];
    nehalem = upToSse42 ++ [ "aes" ];
    westmere = upToSse42 ++ [ "aes" ];
    sandybridge = upToSse42 ++ [ "aes" "avx" ];
    ivybridge = upToSse42 ++ [ "aes" "avx" ];
    haswell = upToAvx2;
    broadwell = upToAvx2;
    skylake = upToAvx2;
    alderlake = upToAvx2;
    sierraforest = upToAvx2;
    skylake-avx512 = upToAvx512;
    cannonlake = upToAvx512;
    icelake-client = upToAvx512;
    icelake-server = upToAvx512;
    cascadelake = upToAvx512;
    cooperlake = upToAvx512;
    tigerlake = upToAvx512;
    sapphirerapids = upToAvx512;
    emeraldrapids = upToAvx512;
    btver1 = [ "sse3" "ssse3" "sse4a" ];
    btver2 = upToSse42 ++ [ "sse4a" "aes" "avx" ];
    bdver1 = upToSse42 ++ [ "sse4a" "aes" "avx" "fma" "fma4" ];
    bdver2 = upToSse42 ++ [ "sse4a" "aes" "avx" "fma" "fma4" ];
    bdver3 = upToSse42 ++ [ "sse4a" "aes" "avx" "fma" "fma4" ];
    bdver4 = upToAvx2 ++ [ "sse4a" "fma4" ];
    znver1 = upToAvx2 ++ [ "sse4a" ];
    znver2 = upToAvx2 ++ [ "sse4a" ];
    znver3 = upToAvx2 ++ [ "sse4a" ];
    znver4 = upToAvx512 ++ [ "sse4a" ];
    znver5 = upToAvx512 ++ [ "sse4a" ];
    armv5te = [ ];
    armv6 = [ ];
    armv7-a = [ ];
    armv8-a = [ ];
    mips32 = [ ];
    loongson2f = [ ];
  };

  # Names whose programs a name runs, the nearest first.
  inferiors = builtins.mapAttrs (name: _: below name) ({ default = [ ]; } // nearest);

  hasInferiors = name: inferiors ? ${name};
  canExecute = name: wanted: name == wanted || builtins.elem wanted (inferiors.${name} or [ ]);

  # Tests of an instruction set by a name.
  predicates = builtins.mapAttrs (_: feature: name: builtins.elem feature (features.${name} or [ ])) {
    ssse3Support = "ssse3";
    sse3Support = "sse3";
    sse4_1Support = "sse4_1";
    sse4_2Support = "sse4_2";
    sse4_aSupport = "sse4a";
    avxSupport = "avx";
    avx2Support = "avx2";
    avx512Support = "avx512";
    aesSupport = "aes";
    fmaSupport = "fma";
    fma4Support = "fma4";
  };
}
