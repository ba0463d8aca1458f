"${./nothing-here}"
