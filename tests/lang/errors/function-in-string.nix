let hello = { name }: name; in "${hello}!"
