throw [ "a" 1 ]
