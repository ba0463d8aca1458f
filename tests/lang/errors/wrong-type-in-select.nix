let x = "text"; in
x.name
