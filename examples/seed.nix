# A Python application served by Pyramid, as a service of its own user.
{ pkgs, ... }:

let
  # The application: a module with the function that pserve asks for.
  application = pkgs.writeTextDir "myproject/__init__.py" ''
    from pyramid.config import Configurator
    from pyramid.response import Response


    def hello(request):
        return Response("Hello from Pyramid\n", content_type="text/plain")


    def main(global_config, **settings):
        config = Configurator(settings=settings)
        config.add_route("hello", "/")
        config.add_view(hello, route_name="hello")
        return config.make_wsgi_app()
  '';

  productionini = pkgs.writeText "production.ini" ''
    [app:main]
    use = call:myproject:main

    [server:main]
    use = egg:waitress#main
    listen = *:8080
  '';
in
{
  boot.loader.grub.device = "/dev/sda";

  fileSystems."/".device = "/dev/sda1";

  networking.firewall = {
    enable = true;
    allowedTCPPorts = [ 8080 ];
  };

  environment.systemPackages = with pkgs; [
    wget
    git
    gnupg
    tmux
  ];

  systemd.services.myproject = {
    after = [ "network.target" ];
    wantedBy = [ "multi-user.target" ];
    # The server that production.ini names is found by its package's metadata.
    path = [ pkgs.pythonPackages.waitress ];
    environment.PYTHONPATH = "${application}";
    serviceConfig = {
      ExecStart = "${pkgs.pythonPackages.pyramid}/bin/pserve ${productionini}";
      User = "myuser";
      Group = "myuser";
    };
  };

  users.users.myuser = {
    isSystemUser = true;
    group = "myuser";
  };
  users.groups.myuser = { };
}
