with { mkOption = 1; mkIf = 2; };
[ mkOptoin ]
