let port = 80; in "listen ${port}"
