let greet = { name }: name; in greet "me"
