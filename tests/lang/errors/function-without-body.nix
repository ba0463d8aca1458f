{ pkgs, ... }:
