# Authorities whose certificates are believed.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.security.pki;

  own = cfg.certificateFiles ++ lib.imap0 (index: text: pkgs.writeText "certificate-${toString index}.crt" text) cfg.certificates;

  bundle =
    pkgs.runCommand "ca-certificates"
      {
        nativeBuildInputs = [ pkgs.ca-certificates ];
        inherit own;
      }
      ''
        cat /etc/ssl/certs/ca-certificates.crt > $out
        for file in $own; do
          echo >> $out
          cat "$file" >> $out
        done
      '';
in
{
  options.security.pki = {
    certificateFiles = mkOption {
      type = types.listOf types.path;
      default = [ ];
      example = lib.literalExpression "[ ./our-authority.crt ]";
      description = "Files with certificates of more authorities.";
    };

    certificates = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Certificates of more authorities, as text.";
    };
  };

  config.environment.etc = lib.mkIf (own != [ ]) { "ssl/certs/ca-certificates.crt".source = bundle; };
}
