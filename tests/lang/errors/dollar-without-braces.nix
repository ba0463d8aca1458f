{ a = $HOME; }
