let counter = { __functor = 5; }; in counter 1
