[ "größe" (throw "here") ]
