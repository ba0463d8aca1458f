let defaults = { user = "me"; }; in
{ inherit (defaults) user uesr; }.uesr
