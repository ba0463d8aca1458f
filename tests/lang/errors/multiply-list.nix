{ total = 3 * [ 1 ]; }
