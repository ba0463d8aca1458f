map [ x: x ] [ ]
