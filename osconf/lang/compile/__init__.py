"""The compiler: from the syntax tree to Python source.

A file becomes one Python module with a function `main`. Every thunk body is a static function of that module which
unpacks what it captured from its cell; a function of the language is a Python function, nested when it has free
variables. Read `generator` first, then one module per kind of expression.

| module      | writes code for                                           |
|-------------|-----------------------------------------------------------|
| scopes      | what a name means: bindings, scopes, the function being written |
| free        | which variables an expression captures: all that is needed to put a thunk off |
| analysis    | which variables an expression surely forces               |
| generator   | the machinery: lines, temporaries, forcing, thunks, tail position |
| expressions | literals, variables, select, `?`, if, assert, with, lists |
| operators   | unary and binary operators                                |
| calls       | calls of unknown values, known functions and primops      |
| functions   | functions and their argument patterns                     |
| bindings    | `let`, `{ }`, `rec { }`                                   |
| outline     | thunks that look like one that was translated already     |
| parts       | what translating a bit of a text gives                    |
| module      | the whole, part by part: functions, lines, positions      |
"""
