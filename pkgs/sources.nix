# The suites of the Debian archive, and the keys that must have signed them.
#
# `mirror:NAME` is resolved when the archive is read, from the machine's own apt sources or the configured mirrors.
{
  suite ? "trixie",
  components ? [ "main" ],
  architecture ? "amd64",
  # The suites beside the main one: "updates" "security" "backports". Only a release needs them.
  pockets ? if builtins.elem suite [ "bookworm" "trixie" ] then [ "updates" "security" ] else [ ],
  # Whether the suite itself is among the sources.
  own ? true,
}:
let
  # Primary keys of the archive, as debian-archive-keyring has them.
  keys = {
    bookworm = {
      archive = "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8";
      security = "05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0";
      release = "4D64FEC119C2029067D6E791F8D2585B8783D481";
    };
    trixie = {
      archive = "04B54C3CDCA79751B16BC6B5225629DF75B188BD";
      security = "5E04A1E3223A19A20706E20F9904613D4CCE68C6";
      release = "41587F7DB8C774BCCF131416762F67A0B2C39DE4";
    };
  };
  # A suite is signed with its own keys and with those of the release before it.
  archiveKeys = map (release: release.archive) (builtins.attrValues keys) ++ map (release: release.release) (builtins.attrValues keys);
  securityKeys = map (release: release.security) (builtins.attrValues keys);

  makeSource = suite: base: fingerprints: {
    id = suite;
    inherit
      suite
      base
      components
      architecture
      fingerprints
      ;
  };
  available = {
    updates = makeSource "${suite}-updates" "mirror:debian" archiveKeys;
    backports = makeSource "${suite}-backports" "mirror:debian" archiveKeys;
    security = makeSource "${suite}-security" "mirror:debian-security" securityKeys;
  };
in
(if own then [ (makeSource suite "mirror:debian" archiveKeys) ] else [ ]) ++ map (name: available.${name}) pockets
