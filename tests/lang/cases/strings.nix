let x = "X"; n = "line\nnext"; in {
  escapes = "a\tb\\c\"d\r\n\${x}\q";
  dollars = [ "$" "$$" "$${x}" "$$${x}" "a$b" "$\{x}" "${x}$" "\$${x}" ];
  nested = "a${"b${"c${x}"}"}d";
  parts = "${x}-${n}";
  lengths = map builtins.stringLength [ "" "é" "\r\n" "a
b" ];
  concat = x + "y" + "";
}
