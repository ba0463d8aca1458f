{ name: "me" }
