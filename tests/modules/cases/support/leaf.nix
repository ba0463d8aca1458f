{ config.trail = [ "leaf" ]; }
