# What a virtual host can say.
{ lib }:

let
  inherit (lib) mkOption types;
  location = import ./location-options.nix { inherit lib; };

  listen = types.submodule {
    options = {
      addr = mkOption {
        type = types.str;
        description = "The address, `[::]` and the like in brackets, or a path after `unix:`.";
      };
      port = mkOption {
        type = types.nullOr types.port;
        default = null;
        description = "The port.";
      };
      ssl = mkOption {
        type = types.bool;
        default = false;
        description = "Whether connections are encrypted.";
      };
      extraParameters = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "reuseport" ];
        description = "More words of the `listen` line.";
      };
    };
  };
in
{
  options = {
    serverName = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The name of the host, where it is not that of the attribute.";
    };

    serverAliases = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "www.example.org" ];
      description = "More names of the host.";
    };

    listen = mkOption {
      type = types.listOf listen;
      default = [ ];
      example = [
        {
          addr = "127.0.0.1";
          port = 8080;
        }
      ];
      description = "Where to listen. Empty means every address, on 80 and, with encryption, on 443.";
    };

    listenAddresses = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "127.0.0.1" ];
      description = "Addresses to listen on, on the usual ports.";
    };

    default = mkOption {
      type = types.bool;
      default = false;
      description = "Whether this host answers for names that no host has.";
    };

    addSSL = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the host is encrypted as well as not.";
    };

    onlySSL = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the host is encrypted only.";
    };

    forceSSL = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the host is encrypted, and sends others there.";
    };

    http2 = mkOption {
      type = types.bool;
      default = true;
      description = "Whether encrypted connections may use HTTP/2.";
    };

    sslCertificate = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "The file with the certificate.";
    };

    sslCertificateKey = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "The file with the key of the certificate.";
    };

    root = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = "/srv/site";
      description = "The directory with the files.";
    };

    globalRedirect = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "example.org";
      description = "The host that everybody is sent to.";
    };

    redirectCode = mkOption {
      type = types.ints.between 300 399;
      default = 301;
      description = "The status of redirections.";
    };

    basicAuthFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "A file of names and password hashes that open the host.";
    };

    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "More lines of the host's block.";
    };

    locations = mkOption {
      type = types.attrsOf (types.submodule location);
      default = { };
      example = lib.literalExpression ''{ "/".proxyPass = "http://localhost:3000"; }'';
      description = "What to do with requests, by the beginning of their path or by expression.";
    };
  };
}
