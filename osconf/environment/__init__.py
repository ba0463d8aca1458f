"""Merged /usr trees over closures of packages: plan, link, generate, describe.

An environment is one store path: a farm of hard links to its packages' files, plus what the packages' maintainer
scripts would have made (caches, alternatives, users, configuration). `pipeline` is the recipe; `builders` registers
it with `build`.
"""
