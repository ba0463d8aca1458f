let v = { __toString = self: 5; }; in "${v}"
