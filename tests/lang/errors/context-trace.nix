builtins.addErrorContext "while evaluating the option `services.x'" (throw "no such port")
