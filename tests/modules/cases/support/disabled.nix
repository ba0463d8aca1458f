{ trail = [ "disabled" ]; }
