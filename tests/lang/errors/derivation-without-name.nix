(derivation { system = "s"; builder = "/b"; }).drvPath
