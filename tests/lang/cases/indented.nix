let x = "X"; two = "1\n2"; in [
  ''''
  '' ''
  ''
  ''
  ''
    a
      b
    c''
  ''   first
    second
  ''
  ''
    a

    b
  	tab
  ''
  ''
    ${x}
      ${two} end
   ${x}''
  ''
    ''${x} ''' $ $$ $${x} ''\n''\t''\\ '$x '${x}
  ''
  ''  ${x}''
  ''
      deep
    ''${"a"}
  ''
  ''a
    b''
  ''

    after an empty line
      ''
  '' trailing  
   spaces   ''
  ''
    ''\ kept
     ${''inner
       text''}
  ''
]
