{ inherit name; }
