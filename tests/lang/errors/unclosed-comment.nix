{ a = 1; /* explanation
}
