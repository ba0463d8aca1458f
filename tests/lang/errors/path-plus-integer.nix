./etc + 5
