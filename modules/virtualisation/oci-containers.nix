# Containers as services.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.virtualisation.oci-containers;

  list =
    description:
    mkOption {
      type = types.listOf types.str;
      default = [ ];
      inherit description;
    };

  container = types.submodule {
    options = {
      image = mkOption {
        type = types.str;
        example = "docker.io/library/nginx:1.27";
        description = "The image.";
      };
      imageFile = mkOption {
        type = types.nullOr types.path;
        default = null;
        description = "A file that holds the image, loaded before the container starts.";
      };
      autoStart = mkOption {
        type = types.bool;
        default = true;
        description = "Whether it starts at boot.";
      };
      environment = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Environment variables.";
      };
      environmentFiles = mkOption {
        type = types.listOf types.path;
        default = [ ];
        description = "Files with environment variables.";
      };
      ports = list "Ports, as `HOST:CONTAINER`.";
      volumes = list "Directories, as `HOST:CONTAINER`.";
      cmd = list "What to run, and its arguments.";
      dependsOn = list "Containers that start before.";
      extraOptions = list "More arguments of `run`.";
      entrypoint = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The program of the image to run.";
      };
      user = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Whom it runs as.";
      };
      workdir = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The directory it runs in.";
      };
      hostname = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The name it has.";
      };
    };
  };

  unitName = name: "${cfg.backend}-${name}";

  serviceOf =
    name: value:
    let
      option = flag: text: lib.optionals (text != null) [ flag text ];
      repeated = flag: lib.concatMap (text: [ flag text ]);
      arguments =
        [
          "run"
          "--rm"
          "--name=${name}"
          "--log-driver=journald"
        ]
        ++ option "--entrypoint" value.entrypoint
        ++ option "--user" value.user
        ++ option "--workdir" value.workdir
        ++ option "--hostname" value.hostname
        ++ repeated "--env" (lib.mapAttrsToList (key: text: "${key}=${text}") value.environment)
        ++ repeated "--env-file" (map toString value.environmentFiles)
        ++ repeated "--publish" value.ports
        ++ repeated "--volume" value.volumes
        ++ value.extraOptions
        ++ [ value.image ]
        ++ value.cmd;
    in
    lib.nameValuePair (unitName name) {
      description = "Container ${name}";
      wantedBy = lib.optional value.autoStart "multi-user.target";
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ] ++ lib.optional (cfg.backend == "docker") "docker.service" ++ dependencies value;
      requires = dependencies value;
      # It makes mounts and namespaces that the host must see.
      usr = "system";
      preStart = ''
        /usr/bin/${cfg.backend} rm -f ${lib.escapeShellArg name} || true
        ${lib.optionalString (value.imageFile != null) "/usr/bin/${cfg.backend} load -i ${value.imageFile}"}
      '';
      script = "exec /usr/bin/${cfg.backend} ${lib.escapeShellArgs arguments}";
      preStop = "/usr/bin/${cfg.backend} stop ${lib.escapeShellArg name}";
      postStop = "/usr/bin/${cfg.backend} rm -f ${lib.escapeShellArg name} || true";
      serviceConfig = {
        TimeoutStartSec = 0;
        TimeoutStopSec = 120;
        Restart = "always";
      };
    };

  dependencies = value: map (name: "${unitName name}.service") value.dependsOn;
in
{
  options.virtualisation.oci-containers = {
    backend = mkOption {
      type = types.enum [
        "podman"
        "docker"
      ];
      default = "podman";
      description = "What runs containers.";
    };

    containers = mkOption {
      type = types.attrsOf container;
      default = { };
      example = lib.literalExpression ''
        { web = { image = "docker.io/library/nginx:1.27"; ports = [ "8080:80" ]; }; }
      '';
      description = "Containers, by name.";
    };
  };

  config = lib.mkIf (cfg.containers != { }) {
    virtualisation.podman.enable = lib.mkIf (cfg.backend == "podman") true;
    virtualisation.docker.enable = lib.mkIf (cfg.backend == "docker") true;
    systemd.services = lib.mapAttrs' serviceOf cfg.containers;
  };
}
