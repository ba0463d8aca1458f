{ packages = [ a b ; }
