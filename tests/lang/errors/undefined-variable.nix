{ config, lib, ... }:
{
  value = libb.mkIf true 1;
}
