builtins.fromJSON ''{"a": }''
