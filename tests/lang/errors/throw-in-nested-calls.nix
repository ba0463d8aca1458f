let
  parsePort = s: if s == "" then throw "a port must not be empty" else s;
  mkService = { port, ... }: { listen = parsePort port; };
  services = map mkService [ { port = "80"; } { port = ""; } ];
in
services
