let packages = [ 1 2 3 4 5 6 ]; in
"packages: ${packages}"
