let half = n: 1 / n; in half 0
