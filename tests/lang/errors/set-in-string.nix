let pkg = { version = "1"; }; in "${pkg}/bin"
