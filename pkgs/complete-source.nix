# A source as people write it, completed: `{ suite = "trixie-backports"; }`, `{ directory = "/srv/debs"; }`.
let
  # Primary keys of the archive, as debian-archive-keyring has them. A suite is signed with the keys of its own release and
  # with those of the release before it.
  keys = {
    archive = [
      "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8" # bookworm, automatic
      "04B54C3CDCA79751B16BC6B5225629DF75B188BD" # trixie, automatic
      "4D64FEC119C2029067D6E791F8D2585B8783D481" # bookworm, release
      "41587F7DB8C774BCCF131416762F67A0B2C39DE4" # trixie, release
    ];
    security = [
      "05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0" # bookworm
      "5E04A1E3223A19A20706E20F9904613D4CCE68C6" # trixie
    ];
  };
in
source:
let
  isSecurity = builtins.match ".*-security" (source.suite or "") != null;
  directory = toString source.directory;
in
if source ? directory then
  {
    id = source.id or (baseNameOf directory);
    suite = "";
    base = "file://${directory}";
    trusted = true;
    components = [ ];
    architecture = source.architecture or "amd64";
    fingerprints = [ ];
  }
else
  {
    id = source.suite;
    components = [ "main" ];
    architecture = "amd64";
    trusted = false;
    base = if isSecurity then "mirror:debian-security" else "mirror:debian";
    fingerprints =
      if source.trusted or false then
        [ ]
      else if isSecurity then
        keys.security
      else
        keys.archive;
  }
  // source
