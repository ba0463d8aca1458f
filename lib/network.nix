# Network addresses.
{ lib, ... }:

let
  hex = lib.trivial.toHexString;
  groupsOf = text: if text == "" then [ ] else lib.strings.splitString ":" text;
in
{
  ipv6 = {
    # `{ address; prefixLength; url; urlWithPort; }` of a text such as `2001:db8::1/64`.
    fromString = text:
      let
        parts = lib.strings.splitString "/" text;
        halves = lib.strings.splitString "::" (builtins.head parts);
        before = groupsOf (builtins.head halves);
        after = if builtins.length halves == 2 then groupsOf (builtins.elemAt halves 1) else [ ];
        missing = 8 - builtins.length before - builtins.length after;
        groups = before ++ lib.lists.replicate missing "0" ++ after;
        valid = builtins.length halves <= 2 && builtins.length parts <= 2
          && (if builtins.length halves == 2 then missing >= 1 else missing == 0)
          && builtins.all (group: builtins.match "[0-9a-fA-F]{1,4}" group != null) groups;
        address = lib.strings.concatMapStringsSep ":" (group: lib.strings.toLower (hex (lib.trivial.fromHexString group))) groups;
        prefixLength = if builtins.length parts == 2 then lib.strings.toInt (builtins.elemAt parts 1) else 128;
      in
      if !valid || prefixLength < 1 || prefixLength > 128 then throw "lib.network.ipv6.fromString: `${text}' is no IPv6 address"
      else {
        inherit address prefixLength;
        url = "[${address}]";
        urlWithPort = port: "[${address}]:${toString port}";
      };

    # The last half of the address that an interface gives itself from its hardware address:
    # `66:75:63:6B:20:75` gives `6475:63ff:fe6b:2075`.
    mkEUI64Suffix = mac:
      let
        octets = lib.strings.splitString ":" mac;
        at = builtins.elemAt octets;
        pad = text: lib.strings.fixedWidthString 2 "0" text;
        first = lib.trivial.fromHexString (at 0);
        flipped = pad (hex (builtins.bitXor first 2));
        groups = [ "${flipped}${at 1}" "${at 2}ff" "fe${at 3}" "${at 4}${at 5}" ];
        valid = builtins.length octets == 6 && builtins.all (octet: builtins.match "[0-9a-fA-F]{2}" octet != null) octets;
      in
      if !valid then throw "lib.network.ipv6.mkEUI64Suffix: `${mac}' is no hardware address"
      else lib.strings.toLower (lib.strings.concatMapStringsSep ":" (group: hex (lib.trivial.fromHexString group)) groups);
  };
}
