# What a location of a virtual host can say.
{ lib }:

let
  inherit (lib) mkOption types;
in
{
  options = {
    proxyPass = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "http://localhost:3000";
      description = "The server that answers in place of this one.";
    };

    proxyWebsockets = mkOption {
      type = types.bool;
      default = false;
      description = "Whether connections may become WebSockets.";
    };

    recommendedProxySettings = mkOption {
      type = types.nullOr types.bool;
      default = null;
      description = "Whether the server behind is told who asks. `null` follows the service's option.";
    };

    root = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = "/srv/site";
      description = "The directory with the files.";
    };

    alias = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "The directory that stands for the location itself.";
    };

    index = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "index.html";
      description = "The file that stands for a directory.";
    };

    tryFiles = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "$uri =404";
      description = "Files to look for, in order.";
    };

    return = mkOption {
      type = types.nullOr (
        types.oneOf [
          types.str
          types.int
        ]
      );
      default = null;
      example = "301 https://example.org$request_uri";
      description = "A status, with an address or a text, to answer at once.";
    };

    fastcgiParams = mkOption {
      type = types.attrsOf (types.either types.str types.path);
      default = { };
      description = "Parameters of a FastCGI server.";
    };

    basicAuthFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "A file of names and password hashes that open the location.";
    };

    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "More lines of the location's block.";
    };

    priority = mkOption {
      type = types.int;
      default = 1000;
      description = "Locations of a lower number come first.";
    };
  };
}
