# A lone carriage return ends a line, too.{
 a = __curPos.line;
 b = __curPos.line; c = [ __curPos.line __curPos.column ]; 
 d = __curPos.line; # comment e = __curPos.line; }
