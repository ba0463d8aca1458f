{ script = ''
    echo
; }
